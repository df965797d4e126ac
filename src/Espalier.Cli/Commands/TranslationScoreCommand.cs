using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Text;
using Espalier.Text.Files;
using Espalier.Text.Metrics;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier translation score</c>: translations beside references, and one system beside another.</summary>
internal sealed class TranslationScoreCommand : EspalierCommand
{
    private readonly Argument<string> _hypotheses = new("translations") { Description = "The translations, one a line; - for standard input" };
    private readonly Option<string[]> _references = new("--references")
    {
        Description = "Reference translations, line by line; several files where there are several for each sentence",
        AllowMultipleArgumentsPerToken = true,
        Required = true,
    };

    private readonly Option<string?> _baseline = new("--baseline") { Description = "The same lines translated by another system: tells by paired bootstrap whether the difference is more than chance" };
    private readonly Option<string> _language = new Option<string>("--language") { Description = "Language of the translations, for tokenized BLEU: en, fr and it have rules of their own. They come near those of Moses; for figures beside published ones give text that Moses has tokenized, with --tokenized", DefaultValueFactory = _ => "fr" }
        .Expect(code => code is [>= 'a' and <= 'z', >= 'a' and <= 'z'], "a code of two letters, such as fr");
    private readonly Option<bool> _tokenized = new("--tokenized") { Description = "The files are tokenized already" };
    private readonly Option<int> _resamples = new Option<int>("--resamples") { Description = "Resamples of that bootstrap", DefaultValueFactory = _ => 1000 }.Expect(n => n >= 1, "1 or more");

    public TranslationScoreCommand(Terminal terminal) : base(terminal, "score", "BLEU and chrF of translations, and whether one system is better than another",
            "espalier translation translate --model run < test.en | espalier translation score - --references test.fr")
    {
        Arguments.Add(_hypotheses);
        foreach (Option option in (Option[])[_references, _baseline, _language, _tokenized, _resamples])
            Options.Add(option);
    }

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        (string name, IReadOnlyList<string> hypotheses) = Hypotheses(parsed, context);
        IReadOnlyList<string>[] references = [.. parsed.GetRequiredValue(_references).Select(LineReader.ReadAll)];
        bool tokenized = parsed.GetValue(_tokenized);
        Bleu standard = tokenized ? new Bleu { Tokenization = WordTokenization.None } : new Bleu();
        var words = new MosesTokenization(parsed.GetValue(_language)!);
        if (!tokenized && !words.HasOwnRules)
            context.Warn($"there are no rules for words of the language {parsed.GetValue(_language)}; the second BLEU goes by those that most languages share");
        Bleu paper = Bleu.CompoundSplit(tokenized ? WordTokenization.None : words);
        var chrF = new ChrF();
        PairedScore[] comparisons = [];
        if (parsed.GetValue(_baseline) is { } baseline)
        {
            IReadOnlyList<string> other = LineReader.ReadAll(baseline);
            if (other.Count != hypotheses.Count)
                throw new TextException($"has {other.Count:N0} lines and {name} {hypotheses.Count:N0}; a baseline translates the same lines", baseline);
            comparisons = [.. new (string Name, CorpusMetric Metric)[] { (standard.Name, standard), ($"tokenized {paper.Name}", paper), (chrF.Name, chrF) }
                .Select(m => new PairedScore(m.Name, PairedBootstrap.Compare(m.Metric, other, hypotheses, references, parsed.GetValue(_resamples))))];
        }
        var report = new ScoreReport(
            hypotheses.Count, standard.Score(hypotheses, references), paper.Score(hypotheses, references), chrF.Score(hypotheses, references), comparisons);
        context.Report(report, CommandJson.Default.ScoreReport, report.Write);
    }

    private (string Name, IReadOnlyList<string> Lines) Hypotheses(ParseResult parsed, CommandContext context)
    {
        string file = parsed.GetRequiredValue(_hypotheses);
        if (file != "-")
            return (file, LineReader.ReadAll(file));
        using var reader = new LineReader(context.Terminal.Input, "standard input", new TextDefects());
        return (reader.Path, reader.Rest());
    }
}

/// <summary>A system beside a baseline, by one metric.</summary>
internal sealed record PairedScore(string Metric, PairedBootstrapResult Result)
{
    // Of a test: what is less probable by chance is called a difference.
    private const double Significance = 0.05;

    /// <summary>What the test says.</summary>
    public string Verdict => Result.PValue >= Significance ? "the difference may be chance"
        : Result.SystemScore > Result.BaselineScore ? "better than the baseline" : "worse than the baseline";
}

/// <summary>What <c>translation score --json</c> prints.</summary>
/// <param name="Sentences">Sentences.</param>
/// <param name="Bleu">As sacrebleu computes it on text.</param>
/// <param name="TokenizedBleu">The paper's: tokenized, case-sensitive, with compounds split.</param>
/// <param name="ChrF">chrF2.</param>
/// <param name="Comparisons">Beside a baseline, where one was given.</param>
internal sealed record ScoreReport(
    int Sentences, BleuScore Bleu, BleuScore TokenizedBleu, ChrFScore ChrF, IReadOnlyList<PairedScore> Comparisons)
{
    public void Write(TextWriter text)
    {
        text.WriteLine(Bleu);
        text.WriteLine(TokenizedBleu);
        text.WriteLine(ChrF);
        foreach (PairedScore c in Comparisons)
            text.WriteLine($"{c.Metric}|{c.Result.Signature}: {c.Result.SystemScore:F2}, baseline {c.Result.BaselineScore:F2}; "
                + $"resampled {c.Result.SystemMean:F2} ± {c.Result.SystemInterval:F2}, p = {c.Result.PValue:F4}: {c.Verdict}");
    }
}
