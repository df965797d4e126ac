using System.CommandLine;
using System.Diagnostics;
using System.Text;
using Espalier.Cli.CommandLine;
using Espalier.Engine.Search;
using Espalier.Engine.Weights;
using Espalier.Inference;
using Espalier.Text.Files;
using Espalier.Training.Runs;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier translation translate</c>: lines in, their translations out, in order.</summary>
internal sealed class TranslationTranslateCommand : EspalierCommand
{
    // So many batches are read, if they come at once, before the first is translated: enough for sentences of like length to find one
    // another.
    private const int BatchesAtOnce = 8;

    private readonly Option<string> _model = new("--model") { Description = "A run, or the folder of a model or package", Required = true };
    private readonly SearchOptions _search = new();
    private readonly Option<ActivationPrecision?> _activations = new("--activations") { Description = "Of a quantized package: Single, or Integer: integer products where a matrix has 5 to 8 bits and no groups; as the package says when left out" };
    private readonly Option<int> _threads = Threads();

    public TranslationTranslateCommand(Terminal terminal) : base(terminal, "translate", "Translate standard input, a sentence a line, to standard output",
            "espalier translation translate --model run < in.txt > out.txt")
    {
        foreach (Option option in (Option[])[_model, .. _search.All, _activations, _threads])
            Options.Add(option);
    }

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        BeamSettings settings = _search.Read(parsed);
        using var translator = Translator.Open(
            ModelSource.Find(parsed.GetRequiredValue(_model)), settings, parsed.GetValue(_threads), parsed.GetValue(_activations));
        var input = new LinesAhead(context.Terminal.Input, "standard input", settings.BatchSentences * BatchesAtOnce);
        using var writer = new StreamWriter(context.Terminal.Output, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        List<string> all = [];
        (long lines, long tokens) = (0, 0);
        List<long> truncated = [], shortened = [];
        var clock = new Stopwatch();
        while (input.Next(context.Cancel) is { Count: > 0 } some)
        {
            clock.Start();
            IReadOnlyList<TextTranslation> translations = translator.Translate(some, context.Cancel);
            clock.Stop();
            foreach (TextTranslation translation in translations)
            {
                (lines, tokens) = (lines + 1, tokens + translation.Tokens);
                if (translation.Truncated)
                    truncated.Add(lines);
                else if (translation.IsShort)
                    shortened.Add(lines);
                if (context.Json)
                    all.Add(translation.Text);
                else
                    writer.WriteLine(translation.Text);
            }
            writer.Flush();
        }
        foreach (Warning warning in input.Warnings)
            context.Warn($"{warning}");
        if (truncated.Count > 0)
            context.Warn($"{Named(truncated)} more than the {translator.MaximumSourceTokens:N0} tokens that the model reads, and lost the rest; give it a sentence a line");
        if (shortened.Count > 0)
            context.Warn($"{Named(shortened)} a translation of less than a third of the tokens, so some of the text is likely not in it; give the model a sentence a line, as it has learned them");
        double seconds = Math.Max(clock.Elapsed.TotalSeconds, 1e-9);
        context.Terminal.Error.WriteLine($"{lines:N0} lines, {tokens:N0} tokens in {seconds:N2} s ({tokens / seconds:N0} tokens/s)");
        if (context.Json)
            context.Report(new TranslateReport(all, tokens, seconds, truncated, shortened), CommandJson.Default.TranslateReport, _ => { });
    }

    private static string Named(List<long> lines)
        => lines.Count == 1 ? $"line {lines[0]:N0} has" : $"{lines.Count:N0} lines, the first of them line {lines[0]:N0}, have";
}

/// <summary>What <c>translation translate --json</c> prints.</summary>
/// <param name="Translations">The translations, in order.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="Seconds">What translating took.</param>
/// <param name="Truncated">Lines, counted from 1, that have more tokens than the model reads and lost the rest.</param>
/// <param name="Shortened">Others whose translation has less than a third of their tokens, so that some of the text is likely not in it.</param>
internal sealed record TranslateReport(
    IReadOnlyList<string> Translations, long Tokens, double Seconds, IReadOnlyList<long> Truncated, IReadOnlyList<long> Shortened);
