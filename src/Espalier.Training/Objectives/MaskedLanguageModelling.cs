using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Random;
using Espalier.Text.Batching;
using Espalier.Text.Corpora;
using Espalier.Text.Metrics;
using Espalier.Text.Tokenization;
using Espalier.Training.MicroBatches;
using Espalier.Training.Runs;

namespace Espalier.Training.Objectives;

/// <summary>
/// Pretraining (the paper's §2.1 after RoBERTa): to predict masked tokens. The figure of merit is the perplexity on held-out
/// blocks, always the same ones with the same masks, whatever the run.
/// </summary>
public sealed class MaskedLanguageModelling : StreamObjective<MaskedBatch>
{
    // Of the held-out blocks and their masks: not the run's, so that runs can be compared.
    private const ulong EvaluationSeed = 1;

    private readonly MaskedLanguageModel _model;
    private readonly EncoderFlops _flops;
    private readonly StepBatch<MaskedBatch>? _heldOut;
    private readonly MaskedBlocks _blocks;
    private readonly ulong _seed;

    private MaskedLanguageModelling(
        ParameterSet parameters, MaskedLanguageModel model, MaskedBlocks blocks, ulong seed, StepBatch<MaskedBatch>? heldOut)
        : base(parameters, blocks, new BatchPosition(seed))
        => (_model, _flops, _heldOut, _blocks, _seed) = (model, new EncoderFlops(model.Encoder.Configuration), heldOut, blocks, seed);

    /// <summary>The model's configuration.</summary>
    public EncoderConfiguration Configuration => _model.Encoder.Configuration;

    /// <summary>Blocks in one pass over the training part.</summary>
    public long BlockCount => _blocks.BlockCount;

    /// <summary>Tokens of an evaluation; 0 when nothing is held out.</summary>
    public long HeldOutTokens => _heldOut?.TokenCount ?? 0;

    /// <summary>Made-up batches for timing this kind of model.</summary>
    /// <param name="configuration">The model.</param>
    /// <param name="blocks">Block length and mask rate.</param>
    public static TrialModel Trial(EncoderConfiguration configuration, MaskedBlockOptions blocks) => parameters =>
    {
        var model = new MaskedLanguageModel(parameters, configuration);
        return (tape, sequences) =>
        {
            var random = new RandomStream(0, 0);
            int[] ids = [.. Enumerable.Range(0, sequences * blocks.BlockTokens).Select(_ => (int)(random.NextUInt32() % configuration.Vocabulary))];
            int[] offsets = [.. Enumerable.Range(0, sequences + 1).Select(i => i * blocks.BlockTokens)];
            int[] masked = [.. Enumerable.Range(0, ids.Length).Where(i => i == 0 || random.NextSingle() < blocks.MaskRate)];
            int[] targets = [.. masked.Select(i => ids[i])];
            TokenBatch batch = TokenBatch.Upload(tape, ids, offsets, configuration);
            return model.Loss(tape, batch, tape.Upload(masked), tape.Upload(targets), 1f / masked.Length);
        };
    };

    /// <summary>Builds and initializes a model, and opens its data.</summary>
    /// <param name="device">Where it is trained.</param>
    /// <param name="configuration">The model.</param>
    /// <param name="corpus">Text; must stay open.</param>
    /// <param name="tokenizer">The corpus's tokenizer.</param>
    /// <param name="blocks">How batches are made.</param>
    /// <param name="heldOutBlocks">Most blocks of the held-out part to evaluate on.</param>
    /// <param name="seed">Seed of the first weights and of the order and masks of the data.</param>
    /// <exception cref="ConfigurationException">The model's configuration has faults.</exception>
    /// <exception cref="ArgumentException">The batches' options have a fault.</exception>
    /// <exception cref="Text.TextException">The corpus holds no text to train on.</exception>
    public static MaskedLanguageModelling Create(
        Device device, EncoderConfiguration configuration, PreparedCorpus corpus, Tokenizer tokenizer,
        MaskedBlockOptions blocks, int heldOutBlocks, ulong seed)
    {
        var train = new MaskedBlocks(corpus.Train, tokenizer, blocks);
        StepBatch<MaskedBatch>? heldOut = null;
        if (corpus.HeldOut.Tokens > 0 && heldOutBlocks > 0)
        {
            // Masked as the paper does, however the run masks: else runs of different mask rates could not be compared.
            var held = new MaskedBlockOptions
            {
                BlockTokens = blocks.BlockTokens,
                BatchBlocks = heldOutBlocks,
                MicroBatchTokens = blocks.MicroBatchTokens,
            };
            var builder = new MaskedBlocks(corpus.HeldOut, tokenizer, held);
            heldOut = builder.NewBatch();
            builder.Build(new BatchPosition(EvaluationSeed), heldOut);
        }

        using var opened = new Opened();
        ParameterSet parameters = opened.Add(new ParameterSet(device));
        var model = new MaskedLanguageModel(parameters, configuration);
        parameters.Allocate(seed);
        return opened.HandOver(new MaskedLanguageModelling(parameters, model, train, seed, heldOut));
    }

    /// <inheritdoc/>
    public override Evaluation? Evaluate(Tape tape, CancellationToken cancel)
    {
        if (_heldOut == null || _heldOut.TargetCount == 0)
        {
            return null;
        }

        var perplexity = new Perplexity();
        List<EvaluationPart> parts = [];
        Span<float> loss = stackalloc float[1];
        (tape.Training, tape.Recording) = (false, false);
        foreach (MaskedBatch micro in _heldOut.MicroBatches)
        {
            cancel.ThrowIfCancellationRequested();
            if (micro.TargetCount > 0)
            {
                tape.Reset();
                tape.Device.Download(Loss(tape, micro, 1).Data, loss);
                perplexity.Add(loss[0], micro.TargetCount);
                parts.Add(new EvaluationPart(micro.TargetCount, loss[0]));
            }
        }

        return new Evaluation(Evaluation.Perplexity, perplexity.Value, perplexity.MeanLoss, perplexity.Tokens, _heldOut.TokenCount)
        {
            Parts = parts,
        };
    }

    /// <summary>
    /// The perplexity of a model that ignores context on the same held-out predictions: it knows how often each token occurs
    /// in what is trained on (add-one smoothing). Null when nothing is held out.
    /// </summary>
    /// <param name="progress">Told the part of it that was counted.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public double? UnigramPerplexity(IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        if (_heldOut == null || _heldOut.TargetCount == 0)
        {
            return null;
        }

        long[] counts = _blocks.CountTokens(_seed, Configuration.Vocabulary, progress, cancel);
        double total = Math.Log(counts.Sum() + (double)counts.Length);
        var perplexity = new Perplexity();
        foreach (MaskedBatch micro in _heldOut.MicroBatches)
        {
            foreach (int target in micro.Targets)
            {
                perplexity.Add(total - Math.Log(counts[target] + 1), 1);
            }
        }

        return perplexity.Value;
    }

    /// <inheritdoc/>
    protected override Tensor Loss(Tape tape, MaskedBatch batch, float weight)
        => _model.Loss(
            tape, TokenBatch.Upload(tape, batch.Input.Tokens, batch.Input.Offsets, Configuration),
            tape.Upload(batch.Positions), tape.Upload(batch.Targets), weight);

    /// <inheritdoc/>
    protected override FlopCount Flops(MaskedBatch batch) => _flops.MaskedLanguageModel(batch.Input.Offsets, batch.TargetCount);
}
