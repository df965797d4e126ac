using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Engine.Devices;
using Espalier.Engine.Weights;
using Espalier.Pipeline.Packages;
using Espalier.Text.Files;
using Espalier.Text.Labelled;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier evaluate</c>: how well a trained model does on data.</summary>
internal sealed class EvaluateCommand : EspalierCommand
{
    private readonly Argument<string> _model = new("model") { Description = "A run, or the folder of a model or a package" };

    private readonly Option<string> _data = new("--data")
    {
        Description = "For a classifier a labelled file, for a masked language model a prepared corpus with a held-out part",
        Required = true,
    };

    private readonly Option<int?> _length = new("--sequence-length") { Description = "Most tokens of an example; the model's own when left out" };

    private readonly Option<int> _heldOut = new("--held-out-blocks")
    {
        Description = "Most held-out sequences",
        DefaultValueFactory = _ => 1024,
    };

    private readonly Option<int> _threads = new("--threads") { Description = "Worker threads; 0 means every core", DefaultValueFactory = _ => 0 };
    private readonly Option<ActivationPrecision> _activations = new("--activations") { Description = "For a quantized classifier Single, or Integer: quantized as they come", DefaultValueFactory = _ => ActivationPrecision.Single };
    private readonly ColumnOptions _columns = new();

    public EvaluateCommand(Terminal terminal) : base(terminal, "evaluate", "Measure a trained model: accuracy, F1 and Matthews, or held-out perplexity")
    {
        Arguments.Add(_model);
        foreach (Option option in (Option[])[_data, _length, _heldOut, _threads, _activations, .. _columns.All])
            Options.Add(option);
    }

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        string folder = ModelSource.Find(parsed.GetRequiredValue(_model)), data = parsed.GetRequiredValue(_data);
        LabelledSetOptions columns = _columns.Read(parsed);
        if (parsed.GetValue(_heldOut) < 1 || parsed.GetValue(_length) < 8 || parsed.GetValue(_threads) is < 0 or > 1024)
            throw new UsageException("expected --held-out-blocks of 1 or more, --sequence-length of 8 or more, --threads of 0 to 1024");
        bool classifier = ModelFolder.ReadHead(folder).Labels != null;
        Option[] idle = classifier ? [_heldOut] : [_length, _activations, .. _columns.All];
        if (idle.Where(o => parsed.GetResult(o) is { Implicit: false }).Select(o => o.Name).ToArray() is { Length: > 0 } given)
            throw new UsageException($"{folder} is a {(classifier ? "classifier" : "masked language model")}, for which {string.Join(", ", given)} means nothing; leave it out");
        EvaluateReport report = context.Track("evaluating", progress => classifier
            ? Classifier(parsed, context, folder, data, columns, new PhaseProgress(progress, "reading"))
            : LanguageModel(parsed, context, folder, data));
        context.Report(report, CommandJson.Default.EvaluateReport, report.Write);
    }

    private EvaluateReport Classifier(
        ParseResult parsed, CommandContext context, string folder, string data, LabelledSetOptions columns, IProgress<double> progress)
    {
        if (Directory.Exists(data))
            throw new UsageException($"{data} is a folder; name a labelled file for this classifier");
        using var device = new CpuDevice(parsed.GetValue(_threads));
        using TrainedClassifier model = ModelPackage.OpenClassifier(folder, device, parsed.GetValue(_activations));
        LabelledSet set = LabelledSet.Read(data, columns, new LabelVocabulary(model.Labels), progress);
        foreach (Warning warning in set.Warnings)
            context.Warn($"{warning}");
        int positions = model.Configuration.MaximumPositions;
        EncodedExamples examples = EncodedExamples.Encode(
            set, model.Tokenizer, Math.Min(parsed.GetValue(_length) ?? positions, positions), context.Cancel);
        if (examples.Truncated > 0)
            context.Warn($"{examples.Truncated:N0} examples are too long and lose their end");
        return new EvaluateReport(
            folder, data, model.Parameters, ClassificationScores.Of(model.Labels, model.Measure(examples, context.Cancel)), null);
    }

    private EvaluateReport LanguageModel(ParseResult parsed, CommandContext context, string folder, string data)
    {
        HeldOutMeasure measure = HeldOutMeasure.Of(
            folder, data, parsed.GetValue(_heldOut), parsed.GetValue(_threads), ModelPackage.WeightsOf(folder), context.Cancel);
        return new EvaluateReport(folder, data, measure.Parameters, null, new PerplexityScores(
            measure.Evaluation.Predictions, measure.Evaluation.Value, measure.UnigramPerplexity, measure.Evaluation.Loss));
    }
}

/// <summary>How well a language model does.</summary>
/// <param name="Predictions">Masked tokens that were predicted.</param>
/// <param name="Perplexity">The model's.</param>
/// <param name="UnigramPerplexity">That of a model that ignores context, on the same tokens.</param>
/// <param name="Loss">Mean cross-entropy in nats.</param>
internal sealed record PerplexityScores(long Predictions, double Perplexity, double UnigramPerplexity, double Loss);

/// <summary>What <c>evaluate --json</c> prints.</summary>
internal sealed record EvaluateReport(
    string Model, string Data, long Parameters, ClassificationScores? Classification, PerplexityScores? LanguageModel)
{
    public void Write(TextWriter text)
    {
        text.WriteLine($"{Model} on {Data}: {Parameters:N0} parameters");
        Classification?.Write(text);
        if (LanguageModel is { } l)
            text.WriteLine($"  perplexity  {l.Perplexity:F2} over {l.Predictions:N0} held-out predictions; {l.UnigramPerplexity:F2} for a model that ignores context");
    }
}
