using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Training.Budgets;
using Espalier.Training.Finetuning;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary>The options that decide a finetuning run, beside its data and its budget.</summary>
internal sealed class FinetuneOptions
{
    private static readonly FinetuningConfiguration Defaults = new() { Train = "" };

    private readonly Option<string?> _from = new("--from") { Description = "A run or the folder of a model or a package whose encoder to begin from, or RUN@0.5 for the run as it was at half of its budget (pretrain --checkpoint-at); without it, training begins from scratch. What compression lost of a package stays lost, and what was pruned does not stay pruned. A new run needs this or --tokenizer" };
    private readonly Option<string?> _tokenizer = new("--tokenizer") { Description = "tokenizer.json, or a folder with it, for a model from scratch: needed without --from, and only then" };
    private readonly ModelSizeOptions _size = new(only: "; only without --from");
    private readonly Option<int[]> _batch = List("--batch", Defaults.Grid.Batches, "Examples of an effective batch; several make a grid").ExpectEach(b => b >= 1, "1 or more");
    private readonly Option<double[]> _rate = List("--learning-rate", Defaults.Grid.LearningRates, "Highest learning rate; several make a grid").ExpectEach(r => r > 0, "more than 0");
    private readonly Option<float[]> _dropout = List("--dropout", Defaults.Grid.Dropouts, "Dropout; several make a grid").ExpectEach(d => d is >= 0 and < 1, "0 or more and less than 1");
    private readonly Option<ulong[]> _seed = List("--seed", Defaults.Grid.Seeds, "Seed of the head, the order and dropout; results are averaged over several");
    private readonly Option<int> _length = New("--sequence-length", Defaults.MaximumTokens, "Most tokens of an example; longer ones lose their end").Expect(v => v >= 8, "8 or more");
    private readonly Option<double> _fraction = New("--dev-fraction", Defaults.DevelopmentFraction, "Fraction of each label that becomes the development set where there is no --dev").Expect(f => f is > 0 and < 1, "between 0 and 1");
    private readonly Option<ulong> _devSeed = New("--dev-seed", Defaults.DevelopmentSeed, "Seed of that development set");
    private readonly Option<double> _warmup = New("--warm-up", Defaults.WarmupFraction, "Fraction of a trial over which the rate rises").Expect(w => w is >= 0 and < 1, "0 or more and less than 1");
    private readonly Option<LearningRateDecay> _schedule = New("--schedule", Defaults.Schedule, "How the rate falls after warm-up");
    private readonly Option<float> _decay = New("--weight-decay", Defaults.WeightDecay, "Weight decay").Expect(d => d >= 0, "0 or more");
    private readonly Option<float> _clip = New("--clip", Defaults.ClipNorm, "Largest norm of the gradient; 0 for no clipping").Expect(n => n >= 0, "0 or more");
    private readonly Option<double> _evaluations = New("--evaluations", Defaults.EvaluationsPerEpoch, "Evaluations in an epoch").Expect(e => e > 0, "more than 0");
    private readonly Option<int> _patience = New("--patience", Defaults.Patience, "Evaluations without a better accuracy after which a trial stops; 0 for never").Expect(p => p >= 0, "0 or more");
    private readonly Option<string> _checkpoint = New("--checkpoint-every", "5m", "How often to save: a time, or a number of steps").ExpectReadable(text => Quantities.Interval(text));
    private readonly Option<int?> _microBatch = new Option<int?>("--micro-batch") { Description = "Examples that pass through the model at once; measured when left out" }.Expect(b => b >= 1, "1 or more");
    private readonly Option<string?> _memory = Memory();
    private readonly Option<int> _threads = Threads();
    private readonly ColumnOptions _columns = new();

    /// <summary>The model to begin from.</summary>
    public Option<string?> From => _from;

    /// <summary>The tokenizer where there is no model to begin from.</summary>
    public Option<string?> Tokenizer => _tokenizer;

    public IEnumerable<Option> All =>
    [
        _from, _tokenizer, _batch, _rate, _dropout, _seed, .. _size.All, _length, _fraction, _devSeed,
        _warmup, _schedule, _decay, _clip, _evaluations, _patience, _checkpoint, _microBatch, _memory, _threads, .. _columns.All,
    ];

    /// <summary>The configuration as it was asked for.</summary>
    /// <exception cref="UsageException">A value means nothing, or options contradict one another.</exception>
    public FinetuningConfiguration Read(ParseResult parsed, string train, string? development, TrainingBudget budget)
    {
        string? from = parsed.GetValue(_from);
        Option[] ofScratch = [_tokenizer, .. _size.All];
        if (from != null && ofScratch.Where(o => parsed.GetResult(o) is { Implicit: false }).Select(o => o.Name).ToArray() is { Length: > 0 } given)
            throw new UsageException($"--from brings its tokenizer and its size along; leave {string.Join(", ", given)} out");
        if (from == null && parsed.GetValue(_tokenizer) == null)
            throw new UsageException("name a run or a model to begin from with --from, or for a new model a tokenizer with --tokenizer");
        TrainingBudget trial = budget with { Time = null };
        return new FinetuningConfiguration
        {
            Train = train,
            Development = development,
            DevelopmentFraction = parsed.GetValue(_fraction),
            DevelopmentSeed = parsed.GetValue(_devSeed),
            Columns = _columns.Read(parsed),
            From = from,
            Tokenizer = parsed.GetValue(_tokenizer),
            Model = from != null ? null : _size.Encoder(parsed),
            MaximumTokens = parsed.GetValue(_length),
            Grid = new FinetuningGrid
            {
                Batches = parsed.GetValue(_batch)!,
                LearningRates = parsed.GetValue(_rate)!,
                Dropouts = parsed.GetValue(_dropout)!,
                Seeds = parsed.GetValue(_seed)!,
            },
            Time = budget.Time,
            Trial = trial == new TrainingBudget() ? Defaults.Trial : trial,
            WarmupFraction = parsed.GetValue(_warmup),
            Schedule = parsed.GetValue(_schedule),
            WeightDecay = parsed.GetValue(_decay),
            ClipNorm = parsed.GetValue(_clip),
            EvaluationsPerEpoch = parsed.GetValue(_evaluations),
            Patience = parsed.GetValue(_patience),
            Checkpoints = Quantities.Interval(parsed.GetValue(_checkpoint)!),
            MicroBatch = parsed.GetValue(_microBatch),
            MemoryBytes = parsed.GetValue(_memory) is { } memory ? Quantities.Bytes(memory) : null,
            Threads = parsed.GetValue(_threads),
        };
    }
}
