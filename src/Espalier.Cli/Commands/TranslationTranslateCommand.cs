using System.CommandLine;
using System.Diagnostics;
using System.Text;
using Espalier.Cli.CommandLine;
using Espalier.Engine.Search;
using Espalier.Engine.Weights;
using Espalier.Inference;
using Espalier.Text.Files;
using Espalier.Training.Runs;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier translation translate</c>: lines in, their translations out, in order.</summary>
internal sealed class TranslationTranslateCommand : EspalierCommand
{
    // So many batches are read, if they come at once, before the first is translated: enough for sentences of like length to find one
    // another.
    private const int BatchesAtOnce = 8;

    private readonly Option<string> _model = new("--model") { Description = "A run, or the folder of a model or package", Required = true };
    private readonly Option<int> _beam = New("--beam", 4, "Hypotheses that are kept at each step; 1 is greedy search").Expect(b => b is >= 1 and <= 256, "1 to 256");
    private readonly Option<double> _penalty = New("--length-penalty", 0.6, "α of the length penalty ((5 + length) / 6)^α").Expect(a => a >= 0, "0 or more");
    private readonly Option<double> _lengthFactor = New("--length-factor", 2.0, "Most tokens of a translation for one of its source, beside --length-offset").Expect(f => f is >= 0 and <= 100, "0 to 100");
    private readonly Option<int> _lengthOffset = New("--length-offset", 10, "Tokens that a translation may have whatever its source").Expect(o => o >= 0, "0 or more");
    private readonly Option<int> _batch = New("--batch", 32, "Sentences that are translated at once").Expect(b => b is >= 1 and <= 4096, "1 to 4096");
    private readonly Option<ActivationPrecision> _activations = New("--activations", ActivationPrecision.Single, "For a quantized package Single, or Integer: quantized as they come");
    private readonly Option<int> _threads = New("--threads", 0, "Worker threads; 0 means every core").Expect(t => t is >= 0 and <= 1024, "0 to 1024");

    public TranslationTranslateCommand(Terminal terminal) : base(terminal, "translate", "Translate standard input, line by line, to standard output")
    {
        foreach (Option option in (Option[])[_model, _beam, _penalty, _lengthFactor, _lengthOffset, _batch, _activations, _threads])
            Options.Add(option);
    }

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        int batch = parsed.GetValue(_batch);
        var settings = new BeamSettings
        {
            Beam = parsed.GetValue(_beam),
            LengthPenalty = parsed.GetValue(_penalty),
            LengthFactor = parsed.GetValue(_lengthFactor),
            LengthOffset = parsed.GetValue(_lengthOffset),
            BatchSentences = batch,
        };
        using var translator = Translator.Open(
            ModelSource.Find(parsed.GetRequiredValue(_model)), settings, parsed.GetValue(_threads), parsed.GetValue(_activations));
        var input = new LinesAhead(context.Terminal.Input, "standard input", batch * BatchesAtOnce);
        using var writer = new StreamWriter(context.Terminal.Output, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        List<string> all = [];
        (long lines, long tokens, long truncated) = (0, 0, 0);
        var clock = new Stopwatch();
        while (input.Next(context.Cancel) is { Count: > 0 } some)
        {
            clock.Start();
            IReadOnlyList<TextTranslation> translations = translator.Translate(some, context.Cancel);
            clock.Stop();
            foreach (TextTranslation translation in translations)
            {
                (lines, tokens, truncated) = (lines + 1, tokens + translation.Tokens, truncated + (translation.Truncated ? 1 : 0));
                if (context.Json)
                    all.Add(translation.Text);
                else
                    writer.WriteLine(translation.Text);
            }
            writer.Flush();
        }
        foreach (Warning warning in input.Warnings)
            context.Warn($"{warning}");
        if (truncated > 0)
            context.Warn($"{truncated:N0} lines are too long and lose their end");
        double seconds = Math.Max(clock.Elapsed.TotalSeconds, 1e-9);
        context.Terminal.Error.WriteLine($"{lines:N0} lines, {tokens:N0} tokens in {seconds:N2} s ({tokens / seconds:N0} tokens/s)");
        if (context.Json)
            context.Report(new TranslateReport(all, tokens, seconds), CommandJson.Default.TranslateReport, _ => { });
    }

    private static Option<T> New<T>(string name, T value, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };
}

/// <summary>What <c>translation translate --json</c> prints.</summary>
internal sealed record TranslateReport(IReadOnlyList<string> Translations, long Tokens, double Seconds);
