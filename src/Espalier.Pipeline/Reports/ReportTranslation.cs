namespace Espalier.Pipeline.Reports;

/// <summary>How well a model translates a set of sentences.</summary>
/// <param name="Sentences">Sentences of the set that have a reference.</param>
/// <param name="Bleu">BLEU as sacrebleu computes it on text, 0 to 100.</param>
/// <param name="ChrF">chrF2, 0 to 100.</param>
/// <param name="Beam">Hypotheses of a sentence that the search kept; 1 for greedy search.</param>
/// <param name="BleuSignature">How BLEU was computed.</param>
/// <param name="ChrFSignature">How chrF was computed.</param>
public sealed record ReportTranslationScore(
    int Sentences, double Bleu, double ChrF, int Beam, string BleuSignature, string ChrFSignature)
{
    /// <summary>The search in words.</summary>
    public string Search => Beam == 1 ? "greedy" : $"beam {Beam}";
}

/// <summary>Sentences as the package translates them.</summary>
/// <param name="Set">Which they are of, such as <c>test</c>.</param>
/// <param name="Sentences">How many the set has.</param>
/// <param name="Shown">Some of them, evenly from the first to the last.</param>
public sealed record ReportTranslations(string Set, int Sentences, IReadOnlyList<ReportTranslation> Shown);

/// <summary>A sentence and its translation.</summary>
/// <param name="Source">The sentence.</param>
/// <param name="Reference">What a person made of it.</param>
/// <param name="Translation">What the package makes of it.</param>
public sealed record ReportTranslation(string Source, string Reference, string Translation);
