using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Memory;
using Espalier.Engine.Models;
using Espalier.Engine.Safetensors;
using Espalier.Tests.Engine.Golden;

namespace Espalier.Tests.Engine.Models;

/// <summary>A model with a golden file's parameters, ready to run the file's batch.</summary>
internal sealed class GoldenRun : IDisposable
{
    public GoldenRun(string name, InstructionSet instructions)
    {
        File = GoldenFiles.Open(name);
        Device = new CpuDevice(2, instructions);
        Tape = new Tape(Device);
        Parameters = new ParameterSet(Device);
        Model = GoldenModel.Create(name, Parameters, File);
        Parameters.Allocate(seed: 1);
        foreach ((string stored, Shape shape, DeviceSpan<float> values) in Parameters.Stored())
        {
            float[] buffer = new float[shape.Count];
            File.CopyTo($"param.{stored}", buffer);
            Device.Upload(buffer, values);
        }
    }

    public SafetensorsFile File { get; }

    public CpuDevice Device { get; }

    public Tape Tape { get; }

    public ParameterSet Parameters { get; }

    public GoldenModel Model { get; }

    /// <summary>Compares with the golden tensor; relative means relative to its largest element.</summary>
    public void AssertClose(string name, DeviceSpan<float> actual, double absolute, double relative)
    {
        float[] want = new float[actual.Length], got = new float[actual.Length];
        File.CopyTo(name, want);
        Device.Download(actual, got);
        double allowed = Math.Max(absolute, relative * want.Max(Math.Abs));
        for (int i = 0; i < want.Length; i++)
        {
            Assert.True(Math.Abs(want[i] - got[i]) <= allowed, $"{name}[{i}]: expected {want[i]}, got {got[i]}, allowed {allowed:E1}");
        }
    }

    public void Dispose()
    {
        Parameters.Dispose();
        Tape.Dispose();
        Device.Dispose();
        File.Dispose();
    }
}

/// <summary>The part of a model that differs between the golden files.</summary>
internal abstract class GoldenModel
{
    public abstract Tensor Loss(Tape tape);

    public abstract Tensor Logits(Tape tape);

    public static GoldenModel Create(string name, ParameterSet parameters, SafetensorsFile file)
    {
        var configuration = new EncoderConfiguration
        {
            Layers = 2,
            Hidden = 32,
            Heads = 2,
            FeedForward = 64,
            Vocabulary = 61,
            MaximumPositions = 16,
            Dropout = 0,
            AttentionDropout = 0,
            Norm = name.Contains("postnorm", StringComparison.Ordinal) ? NormPlacement.Post : NormPlacement.Pre,
        };
        return name switch
        {
            "encoder-prenorm-classifier" => new Classifier(new SequenceClassifier(parameters, configuration, 3), file),
            "encoder-decoder" => new Translation(
                new EncoderDecoder(parameters, new EncoderDecoderConfiguration
                {
                    Layers = 2,
                    Hidden = 32,
                    Heads = 2,
                    FeedForward = 64,
                    Vocabulary = 61,
                    MaximumPositions = 64,
                    Dropout = 0,
                    AttentionDropout = 0,
                    Norm = NormPlacement.Post,
                }),
                file),
            _ => new Masked(new MaskedLanguageModel(parameters, configuration), file),
        };
    }

    private static TokenBatch Batch(Tape tape, SafetensorsFile file, string ids, string offsets, StackConfiguration configuration)
        => TokenBatch.Upload(tape, file.Integers(ids), file.Integers(offsets), configuration);

    private sealed class Masked(MaskedLanguageModel model, SafetensorsFile file) : GoldenModel
    {
        public override Tensor Loss(Tape tape)
        {
            int[] masked = file.Integers("input.masked_positions");
            return model.Loss(
                tape, Batch(tape, file, "input.ids", "input.offsets", model.Encoder.Configuration), tape.Upload(masked),
                tape.Upload(file.Integers("input.targets")), 1f / masked.Length);
        }

        public override Tensor Logits(Tape tape)
            => model.Logits(
                tape, Batch(tape, file, "input.ids", "input.offsets", model.Encoder.Configuration),
                tape.Upload(file.Integers("input.masked_positions")));
    }

    private sealed class Classifier(SequenceClassifier model, SafetensorsFile file) : GoldenModel
    {
        public override Tensor Loss(Tape tape)
        {
            int[] labels = file.Integers("input.labels");
            return model.Loss(
                tape, Batch(tape, file, "input.ids", "input.offsets", model.Encoder.Configuration), tape.Upload(labels), 1f / labels.Length);
        }

        public override Tensor Logits(Tape tape)
            => model.Logits(tape, Batch(tape, file, "input.ids", "input.offsets", model.Encoder.Configuration));
    }

    private sealed class Translation(EncoderDecoder model, SafetensorsFile file) : GoldenModel
    {
        public override Tensor Loss(Tape tape)
        {
            int[] targets = file.Integers("input.targets");
            (TokenBatch source, TokenBatch target) = Batches(tape);
            return model.Loss(tape, source, target, tape.Upload(targets), 1f / targets.Length);
        }

        public override Tensor Logits(Tape tape)
        {
            (TokenBatch source, TokenBatch target) = Batches(tape);
            return model.Logits(tape, model.Decode(tape, target, model.Encode(tape, source), source.Sequences));
        }

        private (TokenBatch Source, TokenBatch Target) Batches(Tape tape)
            => (Batch(tape, file, "input.source_ids", "input.source_offsets", model.Configuration),
                Batch(tape, file, "input.decoder_ids", "input.decoder_offsets", model.Configuration));
    }
}
