using Espalier.Planning.Curves;
using Espalier.Planning.Sizes;

namespace Espalier.Planning.Race;

/// <summary>
/// Candidates train in slices; after each round the half with the worse forecasts stops (successive halving, Jamieson and Talwalkar
/// 2016), and whoever is out of reach stops at once. The last one goes on from its own checkpoint, so only the losers' time is lost,
/// and that is bounded. Held-out losses alone decide. No clock and no files: the caller trains and tells.
/// </summary>
/// <remarks>
/// Learning rates fall in a line from their peak to zero over the whole budget, so that candidates race near their peak; what the
/// rest of the fall gains (<see cref="DecayGain"/>) is taken to be the same share for all. Candidates are compared by
/// their own curves; what other runs say of the fall (<see cref="UsualFall"/>) is only in the forecasts that are given.
/// </remarks>
public sealed class SizeRace
{
    /// <summary>Share of the budget that may be lost.</summary>
    public const double MostWaste = 0.15;

    // A forecast whose interval is wider than this part of it says nothing: of 2 × 64 and 1 × 128, which came out equal to 2 %, one was
    // forecast at 4.1 and one at 3.0 after 7 of 180 seconds.
    private const double KnownWithin = 0.5;

    // Of candidates that are as good as the best, as far as can be told, the largest is taken: what follows are finetuning, where the
    // larger does as well or better at equal loss (the paper, Table 2), and compression, which it bears better (Figures 6 and 7). As good
    // is what lies within one standard error of the difference (Breiman et al. 1984, §3.4.3), but never more than the second of these
    // parts of the loss above the best, and what lies within the first whatever the error is.
    private const double AsGood = 0.01, MostAsGood = 0.02;

    // Tokens for each weight, embeddings among them, that language models of a given cost learn most by (Hoffmann et al. 2022). On English,
    // three minutes, six sizes came out in the order of their distance from it: 2 × 64 with 26, 1 × 128 with 8, 2 × 128 with 5, 4 × 128 with 3,
    // 3 × 192 and 3 × 256 with 1 and less.
    private const double TokensPerWeight = 20;

    // So small a part of a candidate's time is not worth evaluating it once more.
    private const double Negligible = 0.1;

    // Lost time is spent up to here by plan; the rest is for slices that take longer than they were given.
    private const double Planned = 0.85;

    private SizeRace(RaceState state) => State = state;

    /// <summary>All that is known; keep it to resume.</summary>
    public RaceState State { get; private set; }

    /// <summary>Begins a race.</summary>
    /// <param name="sizes">The candidates, each once.</param>
    /// <param name="cost">What they cost.</param>
    /// <param name="work">What is trained on.</param>
    /// <param name="budgetSeconds">Training seconds of the whole job.</param>
    /// <param name="gain">What the final decay brings.</param>
    /// <param name="alreadyLost">Seconds that measuring has cost before; they count as lost.</param>
    /// <param name="contextFreeLoss">Held-out loss of a model that ignores context, in nats; at 0 no gain is promised.</param>
    /// <param name="usual">How losses fall in other runs.</param>
    /// <exception cref="ArgumentException">There is no candidate, or one twice.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The budget is not above 0.</exception>
    public static SizeRace Begin(
        IReadOnlyList<ModelSize> sizes, CostModel cost, Workload work, double budgetSeconds, DecayGain gain = default, double alreadyLost = 0,
        double contextFreeLoss = 0, UsualFall usual = default)
    {
        if (sizes.Count == 0 || sizes.Distinct().Count() < sizes.Count)
            throw new ArgumentException("a race needs one candidate or more, each once", nameof(sizes));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(budgetSeconds);
        double waste = (MostWaste * budgetSeconds) - alreadyLost;
        var race = new SizeRace(new RaceState(
            budgetSeconds, alreadyLost, waste, work.BatchTokens, 0, 0, gain,
            [.. sizes.OrderBy(cost.StepSeconds).Select(size => new Racer(size, cost.StepSeconds(size), 0, 0, [], null) { Parameters = cost.Parameters(size) })],
            contextFreeLoss)
        { Usual = usual });
        race.SetTarget();
        return race;
    }

    /// <summary>Goes on with a race.</summary>
    public static SizeRace Resume(RaceState state) => new(state);

    /// <summary>Whether there is anything to decide by: a candidate that is still in the race, and a held-out loss of it.</summary>
    public bool CanDecide => Running.Any(i => State.Racers[i].Points.Count > 0);

    private int[] Running => [.. Enumerable.Range(0, State.Racers.Count).Where(i => State.Racers[i].Stopped == null)];

    /// <summary>What to train next; null when a single candidate is left, or no time to lose is.</summary>
    /// <param name="beside">Seconds that evaluating and saving will take at the end of a candidate's slice; null for none.</param>
    public RaceSlice? Next(Func<int, double>? beside = null)
    {
        int[] running = Running;
        if (running.Length == 1)
            return null;
        // Whoever is behind the furthest is next, so that candidates are compared after equal time.
        int next = running.MinBy(i => State.Racers[i].Seconds);
        double own = State.Racers[next].Seconds;
        // Whoever wins, the others' time is lost, and must stay in bounds even if this slice is among it. To catch up with the others
        // costs nothing that is not lost already, but for what comes beside it: where that is more than is left, nobody goes on.
        double others = running.Where(i => i != next).Sum(i => State.Racers[i].Seconds);
        double leastOther = running.Where(i => i != next).Min(i => State.Racers[i].Seconds);
        double spare = State.WasteSeconds - Stopped - others - (beside?.Invoke(next) ?? 0);
        double seconds = spare < 0 ? 0 : Math.Min(State.TargetSeconds, spare + leastOther) - own;
        return seconds >= Math.Max(State.Racers[next].StepSeconds, Negligible * own) ? new RaceSlice(next, State.Racers[next].Size, seconds) : null;
    }

    /// <summary>Takes note of a slice, stops who has no prospects, and ends the round when all have run.</summary>
    /// <param name="candidate">Who has trained.</param>
    /// <param name="steps">Steps of the slice.</param>
    /// <param name="seconds">Its training seconds.</param>
    /// <param name="points">Held-out losses in the slice, the last at its end.</param>
    /// <param name="heldOut">That last one in parts, the same text for all; null where it is not known.</param>
    /// <exception cref="ArgumentException">The candidate does not run, or there is no step, time or loss.</exception>
    public void Report(
        int candidate, long steps, double seconds, IReadOnlyList<CurvePoint> points, IReadOnlyList<LossPart>? heldOut = null)
    {
        if (candidate < 0 || candidate >= State.Racers.Count || State.Racers[candidate].Stopped != null)
            throw new ArgumentException($"candidate {candidate} is not in the race", nameof(candidate));
        if (steps < 1 || !(seconds > 0) || points.Count == 0)
            throw new ArgumentException("a slice needs steps, seconds and a held-out loss");
        Racer old = State.Racers[candidate];
        // A loss that is no number ends the candidate, not the race: it diverged.
        CurvePoint[] sound = [.. points.Where(p => double.IsFinite(p.Loss))];
        Racer racer = old with
        {
            Seconds = old.Seconds + seconds,
            Steps = old.Steps + steps,
            StepSeconds = (old.Seconds + seconds) / (old.Steps + steps),
            Points = [.. old.Points, .. sound],
            Stopped = sound.Length < points.Count && Running.Length > 1 ? "its loss was no longer finite" : null,
            HeldOut = heldOut ?? old.HeldOut,
        };
        Replace(candidate, racer);
        StopHopeless();
        // Slices end with a whole step, so a step may be missing.
        if (Running.Length > 1 && Running.All(i => State.Racers[i] is { Points.Count: > 0 } r
            && r.Seconds + Math.Max(r.StepSeconds, Negligible * State.TargetSeconds) > State.TargetSeconds))
            EndRound();
    }

    /// <summary>The held-out loss of a candidate if it had the whole budget that is left; null before its first point.</summary>
    public LossForecast? Forecast(int candidate)
        => Forecast(candidate, State.Racers[candidate].Seconds + SecondsLeft());

    /// <summary>The held-out loss of a candidate after so much training of its own; null before its first point.</summary>
    /// <param name="candidate">Index of the candidate.</param>
    /// <param name="seconds">Seconds of training, no less than it has made.</param>
    public LossForecast? Forecast(int candidate, double seconds) => Sampled(candidate, Curve(candidate, seconds, State.Usual));

    /// <summary>Takes note of time that went neither into training nor can be had back: measuring, evaluating, saving.</summary>
    public void Lose(double seconds)
    {
        State = State with
        {
            OverheadSeconds = State.OverheadSeconds + seconds,
            WasteSeconds = State.WasteSeconds - seconds,
        };
        if (State.Racers.All(r => r.Seconds == 0))
            SetTarget();
    }

    /// <summary>Steps of a candidate at the end of the budget, if it ran alone from now on.</summary>
    public long StepsAtEnd(int candidate)
        => State.Racers[candidate].Steps + (long)(SecondsLeft() / State.Racers[candidate].StepSeconds);

    /// <summary>The plan as it stands: the best forecast wins; the race need not be over.</summary>
    /// <exception cref="InvalidOperationException">No candidate of the race has a held-out loss (see <see cref="CanDecide"/>).</exception>
    public SizePlan Decide()
    {
        int[] known = [.. Ranked(Enumerable.Range(0, State.Racers.Count))];
        int[] running = [.. known.Where(i => State.Racers[i].Stopped == null)];
        if (running.Length == 0)
            throw new InvalidOperationException("no candidate has a held-out loss yet; train the slices first");
        double best = Curve(running[0])!.Value.Loss;
        bool unknown = NoneIsKnown(running);
        // A guess from few points is no reason to take a larger one.
        int chosen = unknown ? running.MinBy(OffProportion) : running.Where(i => i == running[0] || (Curve(i) is { Basis: ForecastBasis.PowerLaw } f
            && f.Loss - best <= Math.Clamp(DifferenceError(i, running[0]) ?? 0, AsGood * best, MostAsGood * best)))
            .MaxBy(i => State.Racers[i].Size.LayerWeights);
        int[] order = [chosen, .. known.Where(i => i != chosen)];
        double lost = State.OverheadSeconds + State.Racers.Sum(r => r.Seconds) - State.Racers[chosen].Seconds;
        return new SizePlan(
            [.. order.Select(i => new CandidateForecast(
                State.Racers[i].Size, Forecast(i)!.Value, State.Racers[i].StepSeconds, State.Racers[i].Seconds, StepsAtEnd(i),
                StepsAtEnd(i) * State.BatchTokens, State.Racers[i].Stopped, DifferenceError(i, chosen)))],
            State.BudgetSeconds, lost)
        {
            Predictions = State.Racers.Max(r => r.HeldOut?.Sum(p => p.Predictions) ?? 0),
            Reason = unknown ? ChoiceReason.Proportion : chosen == known[0] ? ChoiceReason.Best : chosen == running[0] ? ChoiceReason.BestLeft : ChoiceReason.Larger,
            ByOtherRuns = State.Usual != UsualFall.Unknown,
            DecayGain = State.Gain.TakenOff(Forecast(chosen)!.Value.Loss, State.ContextFreeLoss),
        };
    }

    // Without the error that comes from the choice of the held-out text: candidates are compared on the same.
    private LossForecast? Curve(int candidate, double seconds, UsualFall usual = default)
    {
        Racer racer = State.Racers[candidate];
        if (racer.Points.Count == 0)
            return null;
        IReadOnlyList<CurvePoint>[] others = [.. State.Racers.Where((r, i) => i != candidate && r.Points.Count > 0).Select(r => r.Points)];
        double steps = FinalSteps(racer, seconds);
        LossForecast own = LearningCurve.Forecast(racer.Points, steps, others, State.ContextFreeLoss);
        return State.Gain.Apply(usual.Apply(own, racer.Points[^1], steps), State.ContextFreeLoss);
    }

    private LossForecast? Sampled(int candidate, LossForecast? curve) => curve?.Widened(SamplingError.OfMean(State.Racers[candidate].HeldOut ?? []) ?? 0);

    private LossForecast? Curve(int candidate) => Curve(candidate, State.Racers[candidate].Seconds + SecondsLeft());

    // While all know little more than how often words occur, the smallest look best, for they learn that first; and a law through a few points
    // after that may lead anywhere. What they have shown is no reason to choose by: on English, after two of ten minutes 2 × 64 led 2 × 128 by 0.09 nats and 4 × 256 by 0.38; it ended 0.70 behind
    // 2 × 128, the one that had left the plateau. What is known of other models is the better guess then: so many tokens for a weight.
    private bool NoneIsKnown(int[] candidates) => candidates.All(i => Curve(i) is { } f && (f.Basis == ForecastBasis.Plateau || f.High - f.Low > KnownWithin * f.Loss));

    private double OffProportion(int candidate)
        => Math.Abs(Math.Log(StepsAtEnd(candidate) * (double)State.BatchTokens / State.Racers[candidate].Parameters / TokensPerWeight));

    private double? DifferenceError(int one, int other)
        => State.Racers[one].HeldOut is { } a && State.Racers[other].HeldOut is { } b ? SamplingError.OfDifference(a, b) : null;

    // The rate has fallen by the part of the time that is over, and falls to zero in a line.
    private static double FinalSteps(Racer racer, double seconds)
    {
        double left = Math.Max(0, seconds - racer.Seconds);
        return racer.Points[^1].Steps + (left / racer.StepSeconds * (left / seconds) / 2);
    }

    private double SecondsLeft() => Math.Max(0, State.BudgetSeconds - State.OverheadSeconds - State.Racers.Sum(r => r.Seconds));

    private double Stopped => State.Racers.Where(r => r.Stopped != null).Sum(r => r.Seconds);

    // Of a round's candidates all but one lose what they train in it; each round to come may lose the same.
    private void SetTarget()
    {
        int others = Running.Length - 1;
        if (others == 0)
            return;
        double start = Running.Max(i => State.Racers[i].Seconds);
        double left = Math.Max(0, (Planned * State.WasteSeconds) - Stopped - (start * others));
        State = State with { TargetSeconds = start + (left / Math.Ceiling(Math.Log2(others + 1)) / others) };
    }

    private IEnumerable<int> Ranked(IEnumerable<int> candidates)
        => candidates.Where(i => State.Racers[i].Points.Count > 0).OrderBy(i => Curve(i)!.Value.Loss).ThenBy(i => i);

    private void StopHopeless()
    {
        int[] ranked = [.. Ranked(Running)];
        if (ranked.Length < 2)
            return;
        LossForecast best = Curve(ranked[0])!.Value;
        foreach (int i in ranked.Skip(1))
        {
            // An early guess stops nobody, nor is anybody stopped by one.
            LossForecast own = Curve(i)!.Value;
            bool judged = best.Basis == ForecastBasis.PowerLaw && own.Basis is ForecastBasis.PowerLaw or ForecastBasis.Overfitting;
            if (judged && own.Low - best.High > LossForecast.Quantile * (DifferenceError(i, ranked[0]) ?? 0))
                Stop(i, ranked[0], "out of reach");
        }
    }

    private void EndRound()
    {
        // A guess counts by what it may still come to: the largest, which have made the fewest steps, would otherwise go for the wrong reason.
        // Of the plateau it counts half, for who has left it has shown more.
        double[] forecasts = [.. State.Racers.Select((r, i) => r.Stopped != null ? 0 : Curve(i) is not { } f ? double.PositiveInfinity
            : f.Basis switch
            {
                ForecastBasis.PowerLaw or ForecastBasis.Overfitting => f.Loss,
                ForecastBasis.Plateau => (f.Loss + f.Low) / 2,
                _ => f.Low,
            })];
        bool unknown = NoneIsKnown(Running);
        int[] ranked = [.. Running.OrderBy(i => unknown ? OffProportion(i) : forecasts[i]).ThenBy(i => i)];
        string why = unknown ? "off the proportion of tokens to weights, while no forecast was worth more," : "in the worse half";
        foreach (int i in ranked.Skip((ranked.Length + 1) / 2))
            Stop(i, ranked[0], $"{why} after round {State.Round + 1}");
        State = State with { Round = State.Round + 1 };
        SetTarget();
    }

    private void Stop(int candidate, int best, string why)
    {
        LossForecast own = Sampled(candidate, Curve(candidate))!.Value, other = Sampled(best, Curve(best))!.Value;
        Replace(candidate, State.Racers[candidate] with
        {
            Stopped = FormattableString.Invariant(
                $"{why}: by their curves till then it would give {own.Loss:F3} ({own.Low:F3} to {own.High:F3}), and {State.Racers[best].Size} {other.Loss:F3} ({other.Low:F3} to {other.High:F3})")
                + (own.Basis == ForecastBasis.Overfitting ? "; its held-out loss rose" : "")
                + (own.Loss < other.Loss && other.Basis is ForecastBasis.FewPoints or ForecastBasis.Accelerating ? "; that was a guess yet, which counts by its lower end" : ""),
        });
    }

    private void Replace(int candidate, Racer racer)
        => State = State with { Racers = [.. State.Racers.Select((r, i) => i == candidate ? racer : r)] };
}
