using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Text;
using Espalier.Text.Files;
using Espalier.Text.Metrics;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier translation score</c>: translations beside references, and one system beside another.</summary>
internal sealed class TranslationScoreCommand : EspalierCommand
{
    private readonly Argument<string> _hypotheses = new("translations") { Description = "The translations, one a line" };
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

    public TranslationScoreCommand(Terminal terminal) : base(terminal, "score", "BLEU and chrF of translations, and whether one system is better than another")
    {
        Arguments.Add(_hypotheses);
        foreach (Option option in (Option[])[_references, _baseline, _language, _tokenized, _resamples])
            Options.Add(option);
    }

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        IReadOnlyList<string> hypotheses = LineReader.ReadAll(parsed.GetRequiredValue(_hypotheses));
        IReadOnlyList<string>[] references = [.. parsed.GetRequiredValue(_references).Select(LineReader.ReadAll)];
        bool tokenized = parsed.GetValue(_tokenized);
        Bleu standard = tokenized ? new Bleu { Tokenization = WordTokenization.None } : new Bleu();
        Bleu paper = Bleu.CompoundSplit(tokenized ? WordTokenization.None : new MosesTokenization(parsed.GetValue(_language)!));
        var chrF = new ChrF();
        PairedScore[] comparisons = [];
        if (parsed.GetValue(_baseline) is { } baseline)
        {
            IReadOnlyList<string> other = LineReader.ReadAll(baseline);
            if (other.Count != hypotheses.Count)
                throw new TextException($"has {other.Count:N0} lines and {parsed.GetRequiredValue(_hypotheses)} {hypotheses.Count:N0}; a baseline translates the same lines", baseline);
            comparisons = [.. new CorpusMetric[] { standard, paper, chrF }.Select(metric => new PairedScore(
                metric.Name, PairedBootstrap.Compare(metric, other, hypotheses, references, parsed.GetValue(_resamples))))];
        }
        var report = new ScoreReport(
            hypotheses.Count, standard.Score(hypotheses, references), paper.Score(hypotheses, references), chrF.Score(hypotheses, references), comparisons);
        context.Report(report, CommandJson.Default.ScoreReport, report.Write);
    }
}

/// <summary>A system beside a baseline, by one metric.</summary>
internal sealed record PairedScore(string Metric, PairedBootstrapResult Result);

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
                + $"resampled {c.Result.SystemMean:F2} ± {c.Result.SystemInterval:F2}, p = {c.Result.PValue:F4}");
    }
}
