using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Engine.Devices;
using Espalier.Engine.Weights;
using Espalier.Inference;
using Espalier.Pipeline.Packages;
using Espalier.Text.Files;
using Espalier.Text.Labelled;
using Espalier.Training.Finetuning;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;
using Espalier.Training.Translation;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier evaluate</c>: how well a trained model does on data.</summary>
internal sealed class EvaluateCommand : EspalierCommand
{
    private readonly Argument<string> _model = new("model") { Description = "A run, a run at a fraction of its budget (RUN@0.5), or the folder of a model or a package" };

    private readonly Option<string?> _data = new("--data")
    {
        Description = "For a classifier a labelled table; for a masked language model the folder that espalier data prepare made",
    };

    private readonly Option<string?> _source = new("--source") { Description = "For a model that translates: sentences, one a line" };
    private readonly Option<string?> _references = new("--references") { Description = "Reference translations of --source, line by line" };

    private readonly Option<int?> _length = new("--sequence-length") { Description = "Most tokens of an example; when left out, those that the run was trained with, or the model's own limit" };

    private readonly Option<int> _heldOut = new("--held-out-blocks")
    {
        Description = "Most held-out sequences",
        DefaultValueFactory = _ => 1024,
    };

    private readonly Option<int> _threads = Threads();
    private readonly Option<ActivationPrecision?> _activations = new("--activations") { Description = "Of a quantized classifier or model that translates: Single, or Integer: integer products where a matrix has 5 to 8 bits, is not pruned and has no groups; as the package says when left out" };
    private readonly ColumnOptions _columns = new();
    private readonly SearchOptions _search = new();

    public EvaluateCommand(Terminal terminal) : base(terminal, "evaluate", "Measure a trained model: accuracy, F1 and Matthews, BLEU and chrF, or held-out perplexity")
    {
        Arguments.Add(_model);
        foreach (Option option in (Option[])[_data, _source, _references, _length, _heldOut, _threads, _activations, .. _columns.All, .. _search.All])
            Options.Add(option);
    }

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        string folder = ModelSource.Find(parsed.GetRequiredValue(_model));
        LabelledSetOptions columns = _columns.Read(parsed);
        if (parsed.GetValue(_heldOut) < 1 || parsed.GetValue(_length) < 8)
            throw new UsageException("expected --held-out-blocks of 1 or more, --sequence-length of 8 or more");
        bool translates = TranslationFolder.IsAt(folder), classifier = !translates && ModelFolder.ReadHead(folder).Labels != null;
        string kind = translates ? "model that translates" : classifier ? "classifier" : "masked language model";
        Option[] search = [_source, _references, .. _search.All];
        Option[] idle = translates ? [_data, _length, _heldOut, .. _columns.All] : classifier ? [_heldOut, .. search] : [_length, _activations, .. _columns.All, .. search];
        if (idle.Where(o => parsed.GetResult(o) is { Implicit: false }).Select(o => o.Name).ToArray() is { Length: > 0 } given)
            throw new UsageException($"{folder} is a {kind}, for which {string.Join(", ", given)} means nothing; leave it out");
        EvaluateReport report = context.Track("evaluating", progress => translates
            ? TranslationModel(parsed, context, folder, new PhaseProgress(progress, "translating"))
            : classifier ? Classifier(parsed, context, folder, Data(parsed, kind), columns, new PhaseProgress(progress, "reading"))
            : LanguageModel(parsed, context, folder, Data(parsed, kind)));
        context.Report(report, CommandJson.Default.EvaluateReport, report.Write);
    }

    private string? RunOf(ParseResult parsed) => ModelSource.RunOf(parsed.GetRequiredValue(_model));

    private string Data(ParseResult parsed, string kind)
        => parsed.GetValue(_data) ?? throw new UsageException($"name what the {kind} is to be measured on with --data");

    private EvaluateReport TranslationModel(ParseResult parsed, CommandContext context, string folder, IProgress<double> progress)
    {
        if (parsed.GetValue(_source) is not { } source || parsed.GetValue(_references) is not { } references)
            throw new UsageException("name what the model that translates is to be measured on with --source and --references");
        using Translator translator = Translator.Open(folder, _search.Read(parsed), parsed.GetValue(_threads), parsed.GetValue(_activations));
        TranslationMeasure measure = TranslationMeasure.Of(translator, source, references, progress, context.Cancel);
        if (measure.Truncated > 0)
            context.Warn($"{measure.Truncated:N0} sentences have more than the {translator.MaximumSourceTokens:N0} tokens that the model reads, and lost the rest");
        return new EvaluateReport(folder, source, translator.Parameters, null, null, measure);
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
        int length = parsed.GetValue(_length) ?? (RunOf(parsed) is { } run ? FinetunedModel.ReadMaximumTokens(run) : null) ?? positions;
        EncodedExamples examples = EncodedExamples.Encode(set, model.Tokenizer, Math.Min(length, positions), context.Cancel);
        if (examples.Truncated > 0)
            context.Warn($"{examples.Truncated:N0} examples are too long and lose their end");
        return new EvaluateReport(
            folder, data, model.Parameters, ClassificationScores.Of(model.Labels, model.Measure(examples, context.Cancel)), null, null);
    }

    private EvaluateReport LanguageModel(ParseResult parsed, CommandContext context, string folder, string data)
    {
        HeldOutMeasure measure = HeldOutMeasure.Of(
            folder, data, parsed.GetValue(_heldOut), parsed.GetValue(_threads), context.Cancel, RunOf(parsed))
            ?? throw new RunException(data, "holds nothing out to measure by; prepare it with a held-out part");
        return new EvaluateReport(folder, data, measure.Parameters, null, new PerplexityScores(
            measure.Evaluation.Predictions, measure.Evaluation.Value, measure.UnigramPerplexity, measure.Evaluation.Loss), null);
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
    string Model, string Data, long Parameters, ClassificationScores? Classification, PerplexityScores? LanguageModel,
    TranslationMeasure? Translation)
{
    public void Write(TextWriter text)
    {
        text.WriteLine($"{Model} on {Data}: {Parameters:N0} parameters");
        Classification?.Write(text);
        if (LanguageModel is { } l)
            text.WriteLine($"  perplexity  {l.Perplexity:F2} over {l.Predictions:N0} held-out predictions; {l.UnigramPerplexity:F2} for a model that ignores context");
        if (Translation is { } t)
        {
            text.WriteLine($"  {t.Bleu}");
            text.WriteLine($"  {t.ChrF}");
            text.WriteLine($"  {t.Sentences:N0} sentences, {t.Tokens:N0} tokens in {t.Seconds:N2} s ({t.Tokens / t.Seconds:N0} tokens/s)");
        }
    }
}
