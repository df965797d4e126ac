using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Layers;
using Espalier.Engine.Models;
using Espalier.Engine.Optimizers;
using Espalier.Engine.Random;

namespace Espalier.Benchmarks;

/// <summary>
/// One step of masked-LM training at a given size: the paper's model (pre-norm, heads of 64, dropout 0.1, tied embedding,
/// logits at masked positions only), AdamW, random tokens of which 15 % are predicted. The same as the PyTorch peer does.
/// </summary>
internal sealed class TrainingStep : IDisposable
{
    public const int Vocabulary = 8192, Length = 128;

    private readonly Tape _tape;
    private readonly ParameterSet _parameters;
    private readonly MaskedLanguageModel _model;
    private readonly AdamW _optimizer;
    private readonly Device _device;
    private readonly int[] _ids;
    private readonly int[] _offsets;
    private readonly int[] _masked;
    private readonly int[] _targets;
    private uint _step;

    public TrainingStep(Device device, int layers, int hidden, int sequences)
    {
        (_device, Layers, Hidden, Sequences) = (device, layers, hidden, sequences);
        var random = new RandomStream(1, 1);
        _ids = [.. Enumerable.Range(0, sequences * Length).Select(_ => (int)(random.NextUInt32() % Vocabulary))];
        _offsets = [.. Enumerable.Range(0, sequences + 1).Select(i => i * Length)];
        _masked = [.. Enumerable.Range(0, _ids.Length).Where(_ => random.NextSingle() < 0.15f)];
        _targets = [.. _masked.Select(i => _ids[i])];
        _tape = new Tape(device) { Training = true, Seed = 1 };
        _parameters = new ParameterSet(device);
        _model = new MaskedLanguageModel(_parameters, new EncoderConfiguration
        {
            Layers = layers,
            Hidden = hidden,
            Vocabulary = Vocabulary,
            MaximumPositions = Length,

            // Small first logits at every width: the first loss is that of guessing, and no exponential vanishes.
            Initialization = WeightSchemeKind.Roberta,
        });
        _parameters.Allocate(seed: 1);
        _optimizer = new AdamW(_parameters);
    }

    public int Layers { get; }

    public int Hidden { get; }

    public int Sequences { get; }

    public int Tokens => _ids.Length;

    public long Parameters => _parameters.Count;

    /// <summary>Bytes of weights, gradients and moments, and of activations at their peak.</summary>
    public long Bytes => (4 * _parameters.Weights.Length * sizeof(float)) + _tape.PeakBytes;

    /// <summary>Floating-point operations of the matrix products of a step, counted as the peer counts them.</summary>
    public double Flops
        => (6.0 * Layers * 12 * Hidden * Hidden * Tokens)
            + (6.0 * _masked.Length * (((double)Vocabulary * Hidden) + ((double)Hidden * Hidden)))
            + (12.0 * Layers * Hidden * Length * Tokens);

    /// <summary>A whole step; returns the loss before it.</summary>
    public float Run()
    {
        _tape.Reset();
        _tape.Step = _step++;
        TokenBatch batch = TokenBatch.Upload(_tape, _ids, _offsets, _model.Encoder.Configuration);
        Tensor loss = _model.Loss(_tape, batch, _tape.Upload(_masked), _tape.Upload(_targets), 1f / _masked.Length);
        Span<float> value = stackalloc float[1];
        _device.Download(loss.Data, value);
        _tape.Backward(loss);
        _optimizer.Step(1e-3f);
        return value[0];
    }

    /// <summary>The first loss is that of guessing, and training on one batch brings it down.</summary>
    /// <exception cref="InvalidOperationException">It does not: there is no use in timing this.</exception>
    public void Verify()
    {
        float first = Run();
        float last = first;
        for (int i = 0; i < 3; i++)
        {
            last = Run();
        }

        if (!(Math.Abs(first - Math.Log(Vocabulary)) < 1 && last < first))
        {
            throw new InvalidOperationException($"loss went from {first} to {last}; expected to begin near {Math.Log(Vocabulary):F2} and to fall");
        }
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _parameters.Dispose();
        _tape.Dispose();
    }
}
