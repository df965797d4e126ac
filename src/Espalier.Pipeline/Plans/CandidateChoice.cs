using Espalier.Engine.Devices;
using Espalier.Planning.Race;
using Espalier.Planning.Sizes;
using Espalier.Training.Timing;

namespace Espalier.Pipeline.Plans;

/// <summary>Which sizes race, and how closely they are watched.</summary>
/// <param name="Sizes">The candidates, those in the middle first: they matter most if time is short.</param>
/// <param name="Work">What is trained on.</param>
/// <param name="PeakFlops">What matrix products reach on this machine.</param>
/// <param name="SliceSeconds">Training seconds of a slice, about.</param>
/// <param name="HeldOutBlocks">Sequences of an evaluation, the same for all.</param>
/// <param name="Proposed">Sizes that there would be with time enough.</param>
internal sealed record CandidateChoice(
    IReadOnlyList<ModelSize> Sizes, Workload Work, double PeakFlops, double SliceSeconds, int HeldOutBlocks, int Proposed)
{
    // What training reaches of the rate of plain products, for a first estimate; it is measured later.
    private const double TypicalEfficiency = 0.65;

    // Making a candidate's run takes seconds: so many of the time that planning may take for each.
    private const double SecondsToMake = 4.5;

    // At 4 bits a weight takes an eighth of its 32, and pruning buys what the codes' scales and masks cost: a model eight times as
    // large as the goal can be made to fit, and large models that are compressed hard beat small ones (the paper, §4).
    private const double Compression = 8;

    // An evaluation may cost this part of the training between two of them. Where it costs more there are fewer of them, and not fewer
    // tokens: on 4,096 of them a loss has a standard error of a tenth of a nat, which is more than sizes differ by.
    private const double EvaluationShare = 0.25;

    private const int FewestTokens = 1 << 15, MostTokens = 1 << 17, MostPoints = 4;

    public static CandidateChoice Of(PlanSettings settings, TrainingTask task, CancellationToken cancel = default)
    {
        Workload work = task.Describe(cancel);
        double peak, budget = settings.Budget.TotalSeconds;
        using (var device = new CpuDevice(settings.Threads))
            peak = PeakThroughput.Measure(device);
        var cost = new CostModel(work, peak * TypicalEfficiency);
        double planning = SizeRace.MostWaste * budget;
        int count = Math.Clamp((int)(planning / SecondsToMake), 1, settings.Candidates);
        // All candidates are held at once; their costs grow by a factor from one to the next, so together they are about twice the largest.
        double memory = settings.MemoryBytes ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 * 3;
        IReadOnlyList<ModelSize> sizes = settings.Sizes ?? Propose(count);
        double middle = (sizes.Count - 1) / 2.0;
        ModelSize[] order = [.. sizes.Select((size, i) => (size, i)).OrderBy(p => Math.Abs(p.i - middle)).Select(p => p.size)];

        // A third of the planning is for measuring; rounds halve the candidates, and all but one lose what they train.
        int others = Math.Max(1, order.Length - 1);
        double slice = planning * 0.6 / others / Math.Ceiling(Math.Log2(others + 1));
        double dearest = Forward(cost.StepSeconds(order.MaxBy(cost.StepFlops)), work);
        double tokens = Math.Clamp(EvaluationShare * slice / MostPoints / dearest, FewestTokens, MostTokens);
        return new CandidateChoice(
            order, work, peak, slice, task.HeldOut(tokens), (settings.Sizes ?? Propose(settings.Candidates)).Count);

        IReadOnlyList<ModelSize> Propose(int most)
            => CandidateSizes.Propose(cost, work, budget, memory / 2, most, settings.FewestLayers, size => Deployable(size, settings, task, cost, work));
    }

    /// <summary>Training seconds between two held-out losses of a slice.</summary>
    /// <param name="slice">Training seconds of the slice.</param>
    /// <param name="step">Seconds of a step.</param>
    public double PointSeconds(double slice, double step)
        => slice / Math.Clamp(Math.Floor(EvaluationShare * slice / EvaluationSeconds(step)), 1, MostPoints);

    /// <summary>What an evaluation takes.</summary>
    /// <param name="step">Seconds of a step.</param>
    public double EvaluationSeconds(double step) => HeldOutBlocks * Work.SequenceLength * Forward(step, Work);

    // Seconds of a token without the backward pass, which costs twice the forward one.
    private static double Forward(double step, Workload work) => step / 3 / work.BatchTokens;

    private static bool Deployable(ModelSize size, PlanSettings settings, TrainingTask task, CostModel cost, Workload work)
    {
        // Of the smallest width little but the embeddings is left: depth is nearly free there, and something must be tried.
        double smallest = 1.5 * sizeof(float) * cost.Parameters(new ModelSize(1, 64));
        bool fits = settings.Limits.MaxBytes is not { } bytes
            || cost.Parameters(size) * sizeof(float) <= Math.Max(Compression * bytes, smallest);
        double example = Forward(cost.StepSeconds(size), work) * work.SequenceLength * task.Latency;
        return fits && (settings.Limits.MaxLatency is not { } latency || example <= latency.TotalSeconds);
    }
}
