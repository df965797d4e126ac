using Espalier.Text.Files;

namespace Espalier.Text.Tokenization;

/// <summary>What came out of training on files.</summary>
/// <param name="Tokenizer">The tokenizer.</param>
/// <param name="Corpus">What was counted.</param>
public sealed record BpeTraining(Tokenizer Tokenizer, CorpusCount Corpus);

/// <summary>What a pass over a corpus found.</summary>
/// <param name="Files">Files read.</param>
/// <param name="Lines">Lines in them.</param>
/// <param name="Bytes">Bytes of text, after decompression.</param>
/// <param name="Words">Words, that is pre-tokenized pieces.</param>
/// <param name="DistinctWords">Distinct words that were still remembered at the end.</param>
/// <param name="ForgottenWords">
/// Occurrences of rare words that were forgotten to keep memory bounded; 0 means that every word was counted exactly.
/// </param>
/// <param name="Warnings">Odd things in the text, and where the first of each stands.</param>
public sealed record CorpusCount(
    int Files, long Lines, long Bytes, long Words, int DistinctWords, long ForgottenWords, IReadOnlyList<Warning> Warnings);

/// <summary>How far training is.</summary>
/// <param name="Phase">What is being done now.</param>
/// <param name="Fraction">The part of this phase that is done, from 0 to 1.</param>
public readonly record struct BpeProgress(string Phase, double Fraction);
