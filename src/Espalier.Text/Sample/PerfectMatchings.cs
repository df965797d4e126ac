namespace Espalier.Text.Sample;

/// <summary>
/// Chooses from a pool of sentences as many premises as hypotheses so that each premise can be paired with one hypothesis
/// under every label, and each hypothesis with one premise under every label. In the pairs that result, every sentence, and so
/// every word on either side, occurs equally often under each label: no side alone, and no sum of evidence from single words,
/// can tell the labels apart.
/// </summary>
internal static class PerfectMatchings
{
    /// <summary>
    /// For each label, the hypothesis of each premise: element <c>[label][premise]</c> is a number of a sentence or -1 for
    /// sentences that serve as no premise.
    /// </summary>
    /// <param name="labels">Label of each pair of premise and hypothesis, or null where the pair is not to be used.</param>
    /// <param name="preference">Orders the hypotheses of a premise: the least are tried first.</param>
    public static int[][] Find(EntailmentLabel?[,] labels, int[,] preference)
    {
        int count = labels.GetLength(0);
        int[][] ranked = [.. Enumerable.Range(0, count).Select(p => Enumerable.Range(0, count).OrderBy(h => preference[p, h]).ToArray())];
        bool[] premises = [.. Enumerable.Repeat(true, count)], hypotheses = [.. premises];
        // The premise of each hypothesis, by label, or -1.
        int[][] premisesOf = [.. Enum.GetValues<EntailmentLabel>().Select(_ => Enumerable.Repeat(-1, count).ToArray())];
        while (true)
        {
            int[][] matchings = [.. Enum.GetValues<EntailmentLabel>()
                .Select(label => Match(labels, label, ranked, premises, hypotheses, premisesOf[(int)label]))];
            // Of the sentences that a label leaves over the one with the fewest partners goes, on the side that has more; then all
            // are matched anew, because that frees others.
            int[] premiseLacks = [.. Enumerable.Range(0, count).Select(p => premises[p] ? matchings.Count(m => m[p] < 0) : 0)];
            int[] hypothesisLacks = [.. Enumerable.Range(0, count).Select(h => hypotheses[h] ? matchings.Count(m => !m.Contains(h)) : 0)];
            if (premiseLacks.Max() == 0 && hypothesisLacks.Max() == 0)
                return matchings;
            bool dropPremise = premises.Count(kept => kept) >= hypotheses.Count(kept => kept);
            int[] lacks = dropPremise ? premiseLacks : hypothesisLacks;
            int dropped = Enumerable.Range(0, count).Where(s => lacks[s] > 0).MinBy(s => FewestPartners(s, dropPremise));
            (dropPremise ? premises : hypotheses)[dropped] = false;
        }

        int FewestPartners(int s, bool asPremise) => Enum.GetValues<EntailmentLabel>().Min(label => Enumerable.Range(0, count)
            .Count(other => asPremise ? hypotheses[other] && labels[s, other] == label : premises[other] && labels[other, s] == label));
    }

    // Extends a matching to a maximum one by augmenting paths (Kuhn 1955), after taking out the sentences that were dropped.
    private static int[] Match(
        EntailmentLabel?[,] labels, EntailmentLabel label, int[][] ranked, bool[] premises, bool[] hypotheses, int[] premiseOf)
    {
        int[] hypothesisOf = [.. Enumerable.Repeat(-1, premises.Length)];
        for (int h = 0; h < hypotheses.Length; h++)
        {
            if (premiseOf[h] >= 0 && (!hypotheses[h] || !premises[premiseOf[h]]))
                premiseOf[h] = -1;
            if (premiseOf[h] >= 0)
                hypothesisOf[premiseOf[h]] = h;
        }
        for (int p = 0; p < premises.Length; p++)
        {
            if (premises[p] && hypothesisOf[p] < 0)
                Augment(p, new bool[premises.Length]);
        }
        return hypothesisOf;

        bool Augment(int premise, bool[] seen)
        {
            foreach (int h in ranked[premise])
            {
                if (!hypotheses[h] || seen[h] || labels[premise, h] != label)
                    continue;
                seen[h] = true;
                if (premiseOf[h] < 0 || Augment(premiseOf[h], seen))
                {
                    premiseOf[h] = premise;
                    hypothesisOf[premise] = h;
                    return true;
                }
            }
            return false;
        }
    }
}
