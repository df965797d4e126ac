using Espalier.Planning.Curves;
using Espalier.Planning.Sizes;

namespace Espalier.Planning.Race;

/// <summary>Everything a race knows. It goes through JSON unchanged, so a race that is killed goes on where it was.</summary>
/// <param name="BudgetSeconds">Training seconds of the whole job, the race included.</param>
/// <param name="OverheadSeconds">What went into measuring, evaluating and saving.</param>
/// <param name="WasteSeconds">Most seconds that may go to candidates that lose.</param>
/// <param name="BatchTokens">Tokens of a step.</param>
/// <param name="Round">Rounds that are over.</param>
/// <param name="TargetSeconds">What each candidate will have trained at the end of the round.</param>
/// <param name="Gain">What the final decay of the learning rate is expected to bring.</param>
/// <param name="Racers">The candidates, the cheapest first.</param>
/// <param name="ContextFreeLoss">Held-out loss of a model that ignores context, in nats; 0 where it is not known.</param>
public sealed record RaceState(
    double BudgetSeconds, double OverheadSeconds, double WasteSeconds, int BatchTokens, int Round, double TargetSeconds, DecayGain Gain,
    IReadOnlyList<Racer> Racers, double ContextFreeLoss = 0)
{
    /// <summary>How losses fall in other runs.</summary>
    public UsualFall Usual { get; init; }

    /// <summary>Whether a race can go on from it: it has a budget, and a candidate that still runs.</summary>
    public bool IsWhole => BudgetSeconds > 0 && BatchTokens > 0 && Racers is { Count: > 0 }
        && Racers.All(r => r.Points != null) && Racers.Any(r => r.Stopped == null);
}

/// <summary>A candidate in the race.</summary>
/// <param name="Size">Its size.</param>
/// <param name="StepSeconds">Seconds of a step: the estimate, and the measured mean once it has run.</param>
/// <param name="Seconds">What it has trained.</param>
/// <param name="Steps">Steps that it has made.</param>
/// <param name="Points">Its held-out losses.</param>
/// <param name="Stopped">Why it was stopped; null while it runs.</param>
/// <param name="HeldOut">The last of its held-out losses in parts, the same text for all; null where that is not known.</param>
public sealed record Racer(
    ModelSize Size, double StepSeconds, double Seconds, long Steps, IReadOnlyList<CurvePoint> Points, string? Stopped,
    IReadOnlyList<LossPart>? HeldOut = null)
{
    /// <summary>All of its weights, embeddings among them.</summary>
    public double Parameters { get; init; } = Size.LayerWeights;
}

/// <summary>What to train next.</summary>
/// <param name="Candidate">Index of the candidate; it goes on from its own checkpoint.</param>
/// <param name="Size">Its size.</param>
/// <param name="Seconds">For how long.</param>
public sealed record RaceSlice(int Candidate, ModelSize Size, double Seconds);
