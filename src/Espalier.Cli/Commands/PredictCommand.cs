using System.CommandLine;
using System.Globalization;
using System.Text;
using Espalier.Cli.CommandLine;
using Espalier.Inference;
using Espalier.Text.Labelled;
using Espalier.Training.Runs;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier predict</c>: texts in, labels with probabilities out.</summary>
internal sealed class PredictCommand : EspalierCommand
{
    private const int Chunk = 256;

    private readonly Argument<string?> _file = new("file")
    {
        Description = "A table (CSV, TSV, JSON lines) or a file with a text on each line; standard input when none is given",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string> _model = new("--model") { Description = "The folder of a classifier, or its run", Required = true };
    private readonly Option<bool> _pairs = new("--pairs") { Description = "Each line holds two texts with a tab between them" };
    private readonly Option<int> _threads = new("--threads") { Description = "Worker threads; 0 means every core", DefaultValueFactory = _ => 0 };
    private readonly ColumnOptions _columns = new();

    public PredictCommand(Terminal terminal) : base(terminal, "predict", "Label texts with a trained classifier")
    {
        Arguments.Add(_file);
        foreach (Option option in (Option[])[_model, _pairs, _threads, .. _columns.All])
            Options.Add(option);
    }

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        if (parsed.GetValue(_threads) is < 0 or > 1024)
            throw new UsageException("expected --threads of 0 to 1024");
        string folder = ModelSource.Find(parsed.GetRequiredValue(_model));
        IEnumerable<TextInput> texts = Texts(
            parsed.GetValue(_file), _columns.Read(parsed), parsed.GetValue(_pairs), context.Terminal.Input);
        using var classifier = TextClassifier.Open(folder, parsed.GetValue(_threads));
        // As text, predictions appear as they are made; as JSON, they are one document.
        List<PredictedText> all = [];
        using var writer = new StreamWriter(context.Terminal.Output, new UTF8Encoding(false), leaveOpen: true);
        long truncated = 0;
        foreach (TextInput[] chunk in texts.Chunk(Chunk))
        {
            foreach (LabelPrediction p in classifier.Predict(chunk, context.Cancel))
            {
                truncated += p.Truncated ? 1 : 0;
                if (context.Json)
                    all.Add(new PredictedText(p.Label, p.Probabilities));
                else
                    writer.WriteLine($"{p.Label}\t{string.Join('\t', p.Probabilities.Select(x => x.ToString("F4", CultureInfo.InvariantCulture)))}");
            }
            writer.Flush();
        }
        if (truncated > 0)
            context.Warn($"{truncated:N0} texts are too long and lose their end");
        if (context.Json)
            context.Report(new PredictReport(folder, classifier.Labels, all), CommandJson.Default.PredictReport, _ => { });
    }

    private static IEnumerable<TextInput> Texts(string? file, LabelledSetOptions columns, bool pairs, Stream input)
    {
        if (file != null && (columns.Format != TableFormat.Auto || LabelledSet.FormatOf(file) != null))
            return pairs
                ? throw new UsageException("--pairs is for lines; name two columns of a table with --text-column")
                : TextTable.Read(file, columns).Select(row => new TextInput(row.First, row.Second));
        return Lines(file, pairs, input);
    }

    private static IEnumerable<TextInput> Lines(string? file, bool pairs, Stream input)
    {
        using var reader = file == null ? new StreamReader(input, leaveOpen: true) : new StreamReader(file);
        long number = 0;
        while (reader.ReadLine() is { } line)
        {
            number++;
            string[] parts = pairs ? line.Split('\t') : [line];
            if (pairs && parts.Length != 2)
                throw new UsageException($"{file ?? "standard input"}:{number}: the line has {parts.Length} texts; --pairs expects two with a tab between them");
            yield return new TextInput(parts[0], parts.ElementAtOrDefault(1));
        }
    }
}

/// <summary>What the model makes of a text.</summary>
/// <param name="Label">The likeliest class.</param>
/// <param name="Probabilities">One for each class, in the order of the report's labels.</param>
internal sealed record PredictedText(string Label, IReadOnlyList<double> Probabilities);

/// <summary>What <c>predict --json</c> prints.</summary>
internal sealed record PredictReport(string Model, IReadOnlyList<string> Labels, IReadOnlyList<PredictedText> Predictions);
