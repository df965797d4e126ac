using Espalier.Text.Randomness;

namespace Espalier.Text.Sample;

/// <summary>A sentence and its translation.</summary>
/// <param name="Source">In the English-like language.</param>
/// <param name="Target">In the second language: verb-final, adjectives after nouns, case particles.</param>
public sealed record TranslationPair(string Source, string Target);

/// <summary>A sentence, and whether each of its verbs agrees with its subject.</summary>
/// <param name="Text">The sentence.</param>
/// <param name="Acceptable">Whether it is one of the language.</param>
public sealed record JudgedSentence(string Text, bool Acceptable);

/// <summary>
/// A small English-like language with agreement, nested relative clauses, negation, quantifiers, synonyms and kinds of kinds,
/// made up for trying out everything that needs text when there is none. All that it yields is determined by the seed, on
/// every platform, and streams without end: take as much as is needed.
/// </summary>
/// <param name="seed">Another seed gives other text in the same language.</param>
public sealed class SampleLanguage(ulong seed)
{
    private const int ShortestDocument = 6;
    private const int DocumentSpread = 11;
    private const int ShortestSource = 5;

    /// <summary>
    /// Running text, a document of 6 to 17 sentences at a time. A document tells truths about one small world, under changing
    /// names, so that its beginning helps to foresee its end.
    /// </summary>
    public IEnumerable<string> Documents()
    {
        for (long document = 0; ; document++)
            yield return string.Join(' ', Sentences(Purpose.LanguageDocument, 0, document).Select(sentence => EnglishSurface.Write(sentence)));
    }

    /// <summary>
    /// Pairs of premise and hypothesis whose label follows from their meaning. Three neighbours share a premise and have the
    /// three labels; within a block of some dozens of pairs each premise and each hypothesis occurs once under every label, so
    /// that no word on either side betrays the label. No sentence of one split occurs in another.
    /// </summary>
    public IEnumerable<EntailmentPair> Entailment(SampleSplit split) => EntailmentPairs.Generate(seed, split);

    /// <summary>
    /// Sentences of at least five words, each as it is said and with one verb in the wrong number, in random order: minimal pairs,
    /// as in BLiMP (Warstadt et al. 2020). Which words occur tells nothing; what the verb's subject is has to be found, past relative
    /// clauses with nouns and verbs of their own, and running text teaches it. No sentence of one split occurs in another.
    /// </summary>
    public IEnumerable<JudgedSentence> Acceptability(SampleSplit split)
    {
        for (long document = 0; ; document++)
        {
            var random = new CounterRandom(seed, Purpose.LanguageAcceptability, (long)split, document);
            foreach (Sentence sentence in Sentences(Purpose.LanguageAcceptability, (long)split + 3, document))
            {
                (string right, int verbs) = EnglishSurface.Write(sentence, wrongVerb: -1);
                if (SampleSplits.Of(right) != split || right.Count(c => c == ' ') + 1 < ShortestSource)
                    continue;
                var both = new List<JudgedSentence>
                {
                    new(right, true),
                    new(EnglishSurface.Write(sentence, (int)random.Below(verbs)).Text, false),
                };
                random.Shuffle(both);
                yield return both[0];
                yield return both[1];
            }
        }
    }

    /// <summary>Sentences of at least five words and their translations. No sentence of one split occurs in another.</summary>
    public IEnumerable<TranslationPair> Translations(SampleSplit split)
    {
        for (long document = 0; ; document++)
        {
            foreach (Sentence sentence in Sentences(Purpose.LanguageTranslation, (long)split, document))
            {
                string source = EnglishSurface.Write(sentence);
                if (SampleSplits.Of(source) == split && source.Count(c => c == ' ') + 1 >= ShortestSource)
                    yield return new TranslationPair(source, ForeignSurface.Write(sentence));
            }
        }
    }

    private IReadOnlyList<Sentence> Sentences(Purpose purpose, long part, long document)
    {
        var random = new CounterRandom(seed, purpose, part, document);
        var world = new World(ref random);
        return new Narrator(world).Tell(ShortestDocument + (int)random.Below(DocumentSpread), ref random);
    }
}
