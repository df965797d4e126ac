using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Text.Batching;
using Espalier.Text.Bitext;
using Espalier.Text.Tokenization;
using Espalier.Training.Runs;

namespace Espalier.Training.Objectives;

/// <summary>
/// Translation (the paper's §2.1 after Vaswani et al. 2017): to predict each token of the target from the source and from the target
/// before it, with label smoothing. The figure of merit is BLEU of greedy translations of the development set, as sacrebleu
/// computes it on text; the loss there is the cross-entropy without smoothing.
/// </summary>
public sealed class TranslationObjective : StreamObjective<TranslationBatch>
{
    /// <summary>The metric of an evaluation that translates.</summary>
    public const string Metric = "BLEU";

    private readonly EncoderDecoder _model;
    private readonly EncoderDecoderFlops _flops;
    private readonly StepBatch<TranslationBatch> _development;
    private readonly TranslationSet _translations;

    private TranslationObjective(
        ParameterSet parameters, EncoderDecoder model, TranslationBatches train, EncodedPairs development, Tokenizer tokenizer,
        SequenceBatchOptions batches, ulong seed)
        : base(parameters, train, new BatchPosition(seed))
    {
        (_model, _flops) = (model, new EncoderDecoderFlops(model.Configuration));
        _translations = new TranslationSet(development, tokenizer);
        var builder = new TranslationBatches(
            development, new SequenceBatchOptions { BatchTokens = int.MaxValue, MicroBatchTokens = batches.MicroBatchTokens, Shuffle = false });
        _development = builder.NewBatch();
        builder.Build(new BatchPosition(seed), _development);
    }

    /// <summary>The model's configuration.</summary>
    public EncoderDecoderConfiguration Configuration => _model.Configuration;

    /// <summary>Whether an evaluation translates. Where it does not it measures the loss alone, which is enough to compare models by and
    /// takes a fraction of the time.</summary>
    public bool Translates { get; set; } = true;

    /// <summary>Builds and initializes a model.</summary>
    /// <param name="device">Where it is trained.</param>
    /// <param name="configuration">The model.</param>
    /// <param name="train">What to learn from.</param>
    /// <param name="development">What to evaluate on, with its texts.</param>
    /// <param name="tokenizer">What both are encoded with.</param>
    /// <param name="batches">How batches are made.</param>
    /// <param name="seed">Seed of the first weights and of the order of the data.</param>
    /// <exception cref="ConfigurationException">The model's configuration has faults.</exception>
    /// <exception cref="ArgumentException">The batches' options have a fault.</exception>
    public static TranslationObjective Create(
        Device device, EncoderDecoderConfiguration configuration, EncodedPairs train, EncodedPairs development, Tokenizer tokenizer,
        SequenceBatchOptions batches, ulong seed)
    {
        using var opened = new Opened();
        ParameterSet parameters = opened.Add(new ParameterSet(device));
        EncoderDecoder model = opened.Add(new EncoderDecoder(parameters, configuration.ForUse()));
        parameters.Allocate(seed);
        return opened.HandOver(
            new TranslationObjective(parameters, model, new TranslationBatches(train, batches), development, tokenizer, batches, seed));
    }

    /// <inheritdoc/>
    public override Evaluation? Evaluate(Tape tape, CancellationToken cancel)
    {
        (tape.Training, tape.Recording) = (false, false);
        List<EvaluationPart> parts = [];
        Span<float> sum = stackalloc float[1];
        foreach (TranslationBatch micro in _development.MicroBatches)
        {
            cancel.ThrowIfCancellationRequested();
            tape.Reset();
            tape.Device.Download(Loss(tape, micro, 1, smoothing: 0).Data, sum);
            parts.Add(new EvaluationPart(micro.TargetCount, sum[0]));
        }

        double loss = parts.Sum(p => p.LossSum) / _development.TargetCount;
        (string metric, double value) = Translates ? (Metric, _translations.Bleu(tape, _model, beam: 1, cancel))
            : (Evaluation.Perplexity, Math.Exp(loss));
        return new Evaluation(metric, value, loss, _development.TargetCount, _development.TokenCount) { Parts = parts };
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _model.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override Tensor Loss(Tape tape, TranslationBatch batch, float weight) => Loss(tape, batch, weight, smoothing: null);

    /// <inheritdoc/>
    protected override FlopCount Flops(TranslationBatch batch) => _flops.Count(batch.Source.Offsets, batch.TargetInput.Offsets);

    private Tensor Loss(Tape tape, TranslationBatch batch, float weight, float? smoothing) => _model.Loss(
        tape, TokenBatch.Upload(tape, batch.Source.Tokens, batch.Source.Offsets, Configuration),
        TokenBatch.Upload(tape, batch.TargetInput.Tokens, batch.TargetInput.Offsets, Configuration),
        tape.Upload(batch.TargetOutput.Tokens), weight, smoothing);
}
