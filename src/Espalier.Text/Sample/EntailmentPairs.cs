using Espalier.Text.Randomness;

namespace Espalier.Text.Sample;

/// <summary>An example of three-way entailment.</summary>
/// <param name="Premise">What is taken to be true.</param>
/// <param name="Hypothesis">What is to be judged.</param>
/// <param name="Label">How it stands to the premise.</param>
public sealed record EntailmentPair(string Premise, string Hypothesis, EntailmentLabel Label);

/// <summary>Draws the entailment set block by block; a block is a scene and the pairs of its sentences.</summary>
internal static class EntailmentPairs
{
    private const int PoolSize = 56;
    private const int DrawsASentence = 40;
    private const int SmallestBlock = 3;

    /// <summary>
    /// An endless stream of pairs of one split. Three neighbours share a premise and have the three labels in random order, so
    /// that any number of pairs divisible by three is balanced.
    /// </summary>
    public static IEnumerable<EntailmentPair> Generate(ulong seed, SampleSplit split)
    {
        for (long block = 0; ; block++)
        {
            foreach (EntailmentPair pair in Block(new CounterRandom(seed, Purpose.LanguageEntailment, (long)split, block), split))
                yield return pair;
        }
    }

    private static List<EntailmentPair> Block(CounterRandom random, SampleSplit split)
    {
        (Sentence Sentence, string Text)[] pool = Pool(split, ref random);
        var entailment = new Entailment(pool.Select(entry => entry.Sentence));
        bool[] contingent = [.. Enumerable.Range(0, pool.Length).Select(entailment.IsContingent)];
        var labels = new EntailmentLabel?[pool.Length, pool.Length];
        HashSet<string>[] words = [.. pool.Select(entry => entry.Text.ToLowerInvariant().Split(' ').ToHashSet())];
        var preference = new int[pool.Length, pool.Length];
        for (int p = 0; p < pool.Length; p++)
        {
            for (int h = 0; h < pool.Length; h++)
            {
                if (p == h || !contingent[p] || !contingent[h])
                    continue;
                EntailmentLabel label = entailment.Decide(p, h);
                labels[p, h] = label;
                // Neutral pairs tend to share fewer words; those that share most are taken first, so that overlap tells little.
                preference[p, h] = label == EntailmentLabel.Neutral ? -words[p].Count(words[h].Contains) : (int)random.Below(pool.Length);
            }
        }

        int[][] matchings = PerfectMatchings.Find(labels, preference);
        List<int> premises = [.. Enumerable.Range(0, pool.Length).Where(p => matchings[0][p] >= 0)];
        var pairs = new List<EntailmentPair>();
        if (premises.Count < SmallestBlock)
            return pairs;
        random.Shuffle(premises);
        foreach (int premise in premises)
        {
            List<EntailmentLabel> order = [.. Enum.GetValues<EntailmentLabel>()];
            random.Shuffle(order);
            foreach (EntailmentLabel label in order)
                pairs.Add(new EntailmentPair(pool[premise].Text, pool[matchings[(int)label][premise]].Text, label));
        }
        return pairs;
    }

    // Different sentences of a scene that belong to the split.
    private static (Sentence, string)[] Pool(SampleSplit split, ref CounterRandom random)
    {
        var scene = new Scene(ref random);
        var pool = new List<(Sentence, string)>();
        var seen = new HashSet<string>();
        for (int draw = 0; draw < PoolSize * DrawsASentence && pool.Count < PoolSize; draw++)
        {
            Sentence sentence = scene.Draw(ref random);
            string text = EnglishSurface.Write(sentence);
            if (SampleSplits.Of(text) == split && seen.Add(text))
                pool.Add((sentence, text));
        }
        return [.. pool];
    }
}
