using Espalier.Engine.Models;

namespace Espalier.Engine.Search;

/// <summary>How translations are searched for.</summary>
public sealed record BeamSettings
{
    /// <summary>The first token of every target, and the one that ends it: those of RoBERTa's vocabularies when left alone.</summary>
    public int Begin { get; init; }

    /// <summary>The token that ends a target.</summary>
    public int End { get; init; } = 2;

    /// <summary>Tokens that are in no target, such as padding.</summary>
    public IReadOnlyList<int> Excluded { get; init; } = [];

    /// <summary>Hypotheses of a sentence that are kept at each step; 1 is greedy search.</summary>
    public int Beam { get; init; } = 4;

    /// <summary>
    /// α of the length penalty ((5 + length) / 6)^α that log-probabilities are divided by (Wu et al. 2016, eq. 14); 0 for none.
    /// 0.6 as Vaswani et al. (2017, §6.1) have it.
    /// </summary>
    public double LengthPenalty { get; init; } = 0.6;

    /// <summary>A target has at most this many tokens for each of its source, and <see cref="LengthOffset"/> more.</summary>
    public double LengthFactor { get; init; } = 2;

    /// <summary>Tokens that a target may have whatever the length of its source.</summary>
    public int LengthOffset { get; init; } = 10;

    /// <summary>Sentences that are translated at once; those of similar length together.</summary>
    public int BatchSentences { get; init; } = 32;

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        faults.Unless(Begin >= 0 && End >= 0, $"the first token is {Begin} and the last {End}; expected ids, 0 or more");
        faults.Unless(!Excluded.Contains(End), $"the token {End} that ends a target is excluded; expected others");
        faults.Unless(Beam >= 1, $"a beam of {Beam}; expected 1 (greedy) or more");
        faults.Unless(LengthPenalty is >= 0 and < double.PositiveInfinity, $"a length penalty of {LengthPenalty}; expected 0 (none) or more");
        faults.Unless(LengthFactor is >= 0 and < double.PositiveInfinity, $"{LengthFactor} target tokens for one of the source; expected 0 or more");
        faults.Unless(LengthOffset >= 0, $"{LengthOffset} target tokens whatever the source; expected 0 or more");
        faults.Unless(BatchSentences >= 1, $"{BatchSentences} sentences at once; expected 1 or more");
        return faults;
    }

    /// <summary>Most tokens of a target, its end not counted.</summary>
    internal int MaximumTokens(int source, int positions)
        => (int)Math.Clamp((LengthFactor * source) + LengthOffset, 1, positions - 1);

    /// <summary>What the log-probability of a target of so many tokens, its end included, is divided by.</summary>
    internal double Penalty(int length) => Math.Pow((5.0 + length) / 6, LengthPenalty);
}

/// <summary>A target that the search has found.</summary>
/// <param name="Tokens">Its tokens, without the one that ends it.</param>
/// <param name="Score">Its log-probability over the length penalty.</param>
public sealed record Hypothesis(int[] Tokens, double Score);
