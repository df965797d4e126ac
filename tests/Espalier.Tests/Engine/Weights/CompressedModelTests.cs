using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Weights;

namespace Espalier.Tests.Engine.Weights;

/// <summary>Models on compressed weights against the same models on the values that those decode to.</summary>
public class CompressedModelTests
{
    private static readonly EncoderConfiguration Configuration = new()
    {
        Layers = 2,
        Hidden = 64,
        Vocabulary = 50,
        MaximumPositions = 12,
        Dropout = 0,
        AttentionDropout = 0,
    };

    public static TheoryData<int, ScaleGranularity, double> Kinds() => new()
    {
        { 8, ScaleGranularity.Tensor, 1 }, { 4, ScaleGranularity.Row, 1 }, { 3, ScaleGranularity.Group, 1 }, { 6, ScaleGranularity.Tensor, 0.2 },
        { 8, ScaleGranularity.Tensor, 0.8 }, { 4, ScaleGranularity.Group, 0.7 },
        { 32, ScaleGranularity.Tensor, 0.2 }, { 32, ScaleGranularity.Tensor, 0.9 },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Allocate_CompressedTensors_PredictsAsTheirValuesDo(int bits, ScaleGranularity granularity, double density)
    {
        using var device = new CpuDevice(2);
        Dictionary<string, CompressedTensor> tensors = Tensors(device, bits, granularity, density);
        using ParameterSet plain = Declared(device, out MaskedLanguageModel dense), packed = Declared(device, out MaskedLanguageModel compressed);
        plain.Allocate(tensors.ToDictionary(t => t.Key, t => CompressedTensor.FromValues(t.Value.Shape, Decoded(t.Value))));
        packed.Allocate(tensors);

        Assert.All(plain.All, p => Assert.Null(p.Compressed));
        Assert.Equal(bits < 32 || density == 0.2, packed.All.Any(p => p.Compressed != null));
        float[] expected = Logits(device, dense), actual = Logits(device, compressed);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 2e-4f));
    }

    [Fact]
    public void Allocate_IntegerActivations_PredictsNearly()
    {
        using var device = new CpuDevice(2);
        Dictionary<string, CompressedTensor> tensors = Tensors(device, 8, ScaleGranularity.Row, 1);
        using ParameterSet singles = Declared(device, out MaskedLanguageModel one), integers = Declared(device, out MaskedLanguageModel other);
        singles.Allocate(tensors);
        integers.Allocate(tensors, ActivationPrecision.Integer);
        float[] expected = Logits(device, one), actual = Logits(device, other);
        Assert.NotEqual(expected, actual);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 0.2f));
    }

    [Fact]
    public void Allocate_PartsOfOneMatrix_KeepTheirOwnScales()
    {
        using var device = new CpuDevice(1);
        Dictionary<string, CompressedTensor> tensors = Tensors(device, 8, ScaleGranularity.Tensor, 1);
        Dictionary<string, CompressedTensor> other = Tensors(device, 4, ScaleGranularity.Group, 1);
        string key = tensors.Keys.First(name => name.EndsWith("key.weight", StringComparison.Ordinal));
        tensors[key] = other[key];
        using ParameterSet plain = Declared(device, out MaskedLanguageModel dense), packed = Declared(device, out MaskedLanguageModel compressed);
        plain.Allocate(tensors.ToDictionary(t => t.Key, t => CompressedTensor.FromValues(t.Value.Shape, Decoded(t.Value))));
        packed.Allocate(tensors);
        Assert.All(Logits(device, dense).Zip(Logits(device, compressed)), pair => Assert.Equal(pair.First, pair.Second, 2e-4f));
    }

    [Fact]
    public void Allocate_TensorsOfAnotherModel_NamesEachOfThem()
    {
        using var device = new CpuDevice(1);
        Dictionary<string, CompressedTensor> tensors = Tensors(device, 4, ScaleGranularity.Row, 1);
        tensors.Remove("lm_head.bias");
        tensors["embeddings.LayerNorm.weight"] = CompressedTensor.FromValues(Shape.Vector(3), [1, 2, 3]);
        using ParameterSet parameters = Declared(device, out _);
        ArgumentException e = Assert.Throws<ArgumentException>(() => parameters.Allocate(tensors));
        Assert.Contains("lm_head.bias is missing", e.Message, StringComparison.Ordinal);
        Assert.Contains("embeddings.LayerNorm.weight is [3], expected [64]", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Backward_ThroughCompressedWeights_NamesOperationAndWeight()
    {
        using var device = new CpuDevice(1);
        using ParameterSet parameters = Declared(device, out MaskedLanguageModel model);
        parameters.Allocate(Tensors(device, 4, ScaleGranularity.Row, 1));
        using var tape = new Tape(device);
        Tensor loss = model.Loss(tape, Batch(tape), tape.Upload([1]), tape.Upload([3]), 1);
        NotSupportedException e = Assert.Throws<NotSupportedException>(() => tape.Backward(loss));
        Assert.Contains("Linear: embeddings.word_embeddings.weight is held compressed", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Forward_OnCompressedWeights_AllocatesNothingInTheSteadyState()
    {
        using var device = new CpuDevice(1);
        using ParameterSet parameters = Declared(device, out MaskedLanguageModel model);
        parameters.Allocate(Tensors(device, 8, ScaleGranularity.Row, 1), ActivationPrecision.Integer);
        using var tape = new Tape(device) { Recording = false };
        for (int i = 0; i < 3; i++)
        {
            tape.Reset();
            model.Logits(tape, Batch(tape), tape.Upload([1]));
        }

        tape.Reset();
        TokenBatch batch = Batch(tape);
        var rows = tape.Upload([1]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        model.Logits(tape, batch, rows);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static ParameterSet Declared(CpuDevice device, out MaskedLanguageModel model)
    {
        var parameters = new ParameterSet(device);
        model = new MaskedLanguageModel(parameters, Configuration);
        return parameters;
    }

    private static TokenBatch Batch(Tape tape) => TokenBatch.Upload(tape, [1, 4, 9, 16, 25, 36, 49, 2], [0, 5, 8], Configuration);

    private static float[] Logits(CpuDevice device, MaskedLanguageModel model)
    {
        using var tape = new Tape(device) { Recording = false };
        Tensor logits = model.Logits(tape, Batch(tape), tape.Upload([0, 3, 6]));
        float[] values = new float[logits.Shape.Count];
        device.Download(logits.Data, values);
        return values;
    }

    private static float[] Decoded(CompressedTensor tensor)
    {
        float[] values = new float[tensor.Shape.Count];
        tensor.Decode(values);
        return values;
    }

    // A model drawn at random, its matrices quantized from least to largest value in plain code.
    private static Dictionary<string, CompressedTensor> Tensors(CpuDevice device, int bits, ScaleGranularity granularity, double density)
    {
        using ParameterSet parameters = Declared(device, out _);
        parameters.Allocate(seed: 3);
        var random = new System.Random(4);
        Dictionary<string, CompressedTensor> tensors = [];
        foreach ((string name, Shape shape, var values) in parameters.Stored())
        {
            float[] all = new float[shape.Count];
            device.Download(values, all);
            bool[] kept = density < 1 && shape.Rank == 2 ? [.. all.Select(_ => random.NextDouble() < density)] : [];
            var scheme = new QuantizationScheme(bits, granularity, granularity == ScaleGranularity.Group ? 32 : 0);
            tensors[name] = bits == 32 || shape.Rank == 1
                ? CompressedTensor.FromValues(shape, all, kept)
                : CompressedTensor.FromCodes(
                    shape, scheme, [.. all.Select(v => (byte)Math.Clamp(Math.Round((v + 0.06f) * scheme.LargestCode / 0.12f), 0, scheme.LargestCode))],
                    Repeated(0.12f / scheme.LargestCode), Repeated(-0.06f), kept);
            float[] Repeated(float value) => [.. Enumerable.Repeat(value, (int)scheme.ScaleCount(shape))];
        }

        return tensors;
    }
}
