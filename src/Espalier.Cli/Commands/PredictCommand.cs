using System.Collections.Concurrent;
using System.CommandLine;
using System.Globalization;
using System.Text;
using Espalier.Cli.CommandLine;
using Espalier.Engine.Weights;
using Espalier.Inference;
using Espalier.Text.Files;
using Espalier.Text.Labelled;
using Espalier.Training.Runs;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier predict</c>: texts in, labels with probabilities out.</summary>
internal sealed class PredictCommand : EspalierCommand
{
    // As many as keep the cores busy; from a pipe, fewer where no more are there yet, for whoever writes them may wait for an answer.
    private const int Chunk = 256;

    private readonly Argument<string?> _file = new("file")
    {
        Description = "A table (.csv, .tsv, .jsonl, also .gz) or any other file with a text on each line; standard input when none is given",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string> _model = new("--model") { Description = "The folder of a classifier, or its run", Required = true };
    private readonly Option<bool> _pairs = new("--pairs") { Description = "Each line holds two texts with a tab between them" };
    private readonly Option<int> _threads = Threads();
    private readonly Option<ActivationPrecision?> _activations = new("--activations") { Description = "Of a quantized classifier: Single, or Integer: integer products where a matrix has 5 to 8 bits, is not pruned and has no groups; as the package says when left out" };
    private readonly ColumnOptions _columns = new();

    public PredictCommand(Terminal terminal) : base(terminal, "predict", "Label texts with a trained classifier")
    {
        Arguments.Add(_file);
        foreach (Option option in (Option[])[_model, _pairs, _threads, _activations, .. _columns.All])
            Options.Add(option);
    }

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        string folder = ModelSource.Find(parsed.GetRequiredValue(_model));
        IEnumerable<TextInput[]> texts = Texts(
            parsed.GetValue(_file), _columns.Read(parsed), parsed.GetValue(_pairs), context.Terminal.Input, context.Cancel);
        using var classifier = TextClassifier.Open(folder, parsed.GetValue(_threads), parsed.GetValue(_activations));
        // As text, predictions appear as they are made; as JSON, they are one document.
        List<PredictedText> all = [];
        using var writer = new StreamWriter(context.Terminal.Output, new UTF8Encoding(false), leaveOpen: true);
        long truncated = 0;
        foreach (TextInput[] chunk in texts)
        {
            foreach (LabelPrediction p in classifier.Predict(chunk, context.Cancel))
            {
                truncated += p.Truncated ? 1 : 0;
                if (context.Json)
                    all.Add(new PredictedText(p.Label, p.Probabilities));
                else
                    writer.WriteLine($"{p.Label}\t{string.Join('\t', classifier.Labels.Zip(p.Probabilities, Named))}");
            }
            writer.Flush();
        }
        if (truncated > 0)
            context.Warn($"{truncated:N0} texts are too long and lose their end");
        if (context.Json)
            context.Report(new PredictReport(folder, classifier.Labels, all), CommandJson.Default.PredictReport, _ => { });
    }

    private static string Named(string label, double probability) => $"{label}={probability.ToString("F4", CultureInfo.InvariantCulture)}";

    private static IEnumerable<TextInput[]> Texts(string? file, LabelledSetOptions columns, bool pairs, Stream input, CancellationToken cancel)
    {
        if (file == null)
            return Lines(input, pairs, cancel);
        if (columns.Format != TableFormat.Auto || LabelledSet.FormatOf(file) != null)
            return pairs
                ? throw new UsageException("--pairs is for lines; name two columns of a table with --text-column")
                : TextTable.Read(file, columns).Select(row => new TextInput(row.First, row.Second)).Chunk(Chunk);
        return Lines(file, pairs).Chunk(Chunk);
    }

    private static IEnumerable<TextInput> Lines(string file, bool pairs)
    {
        using var reader = new StreamReader(InputFile.Open(file));
        for (long number = 1; reader.ReadLine() is { } line; number++)
            yield return Text(line, pairs, file, number);
    }

    // Read on another thread: what is there when the texts before are done makes a chunk.
    private static IEnumerable<TextInput[]> Lines(Stream input, bool pairs, CancellationToken cancel)
    {
        var lines = new BlockingCollection<string>(Chunk);
        Task reading = Task.Run(() =>
        {
            try
            {
                using var reader = new StreamReader(input, leaveOpen: true);
                while (reader.ReadLine() is { } line)
                    lines.Add(line);
            }
            finally
            {
                lines.CompleteAdding();
            }
        });
        List<TextInput> chunk = [];
        long number = 0;
        foreach (string line in lines.GetConsumingEnumerable(cancel))
        {
            chunk.Add(Text(line, pairs, "standard input", ++number));
            while (chunk.Count < Chunk && lines.TryTake(out string? next))
                chunk.Add(Text(next, pairs, "standard input", ++number));
            yield return [.. chunk];
            chunk.Clear();
        }
        reading.GetAwaiter().GetResult();
    }

    private static TextInput Text(string line, bool pairs, string file, long number)
    {
        string[] parts = pairs ? line.Split('\t') : [line];
        return !pairs || parts.Length == 2 ? new TextInput(parts[0], parts.ElementAtOrDefault(1))
            : throw new UsageException($"{file}:{number}: the line has {parts.Length} texts; --pairs expects two with a tab between them");
    }
}

/// <summary>What the model makes of a text.</summary>
/// <param name="Label">The likeliest class.</param>
/// <param name="Probabilities">One for each class, in the order of the report's labels.</param>
internal sealed record PredictedText(string Label, IReadOnlyList<double> Probabilities);

/// <summary>What <c>predict --json</c> prints.</summary>
internal sealed record PredictReport(string Model, IReadOnlyList<string> Labels, IReadOnlyList<PredictedText> Predictions);
