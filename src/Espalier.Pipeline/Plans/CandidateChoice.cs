using Espalier.Engine.Devices;
using Espalier.Planning.Race;
using Espalier.Planning.Sizes;
using Espalier.Text.Corpora;
using Espalier.Training.Runs;
using Espalier.Training.Timing;

namespace Espalier.Pipeline.Plans;

/// <summary>Which sizes race, and how closely they are watched.</summary>
/// <param name="Sizes">The candidates, those in the middle first: they matter most if time is short.</param>
/// <param name="Work">What is trained on.</param>
/// <param name="PeakFlops">What matrix products reach on this machine.</param>
/// <param name="PointSeconds">Training seconds between two held-out losses.</param>
/// <param name="HeldOutBlocks">Sequences of an evaluation.</param>
internal sealed record CandidateChoice(
    IReadOnlyList<ModelSize> Sizes, Workload Work, double PeakFlops, double PointSeconds, int HeldOutBlocks)
{
    // What training reaches of the rate of plain products, for a first estimate; it is measured later.
    private const double TypicalEfficiency = 0.65;

    // Making a candidate's run takes seconds: so many of the time that planning may take for each.
    private const double SecondsToMake = 4.5;

    // At 4 bits a weight takes an eighth of its 32, and pruning buys what the codes' scales and masks cost: a model eight times as
    // large as the goal can be made to fit, and large models that are compressed hard beat small ones (the paper, §4).
    private const double Compression = 8;

    // An evaluation may cost this part of the training between two of them.
    private const double EvaluationShare = 0.1;

    private const int FewestBlocks = 32, MostBlocks = 1024, MicroBlocks = 4, PointsInSlice = 4;

    public static CandidateChoice Of(PlanSettings settings)
    {
        (int vocabulary, long tokens) = Corpus(settings.Data);
        double peak, budget = settings.Budget.TotalSeconds;
        using (var device = new CpuDevice(settings.Threads))
            peak = PeakThroughput.Measure(device);
        PlanLearning learning = settings.Learning;
        var work = new Workload(
            vocabulary, learning.BlockTokens, learning.BatchBlocks * learning.BlockTokens,
            Math.Min(MicroBlocks, learning.BatchBlocks) * learning.BlockTokens, learning.MaskRate, tokens);
        var cost = new CostModel(work, peak * TypicalEfficiency);
        double planning = SizeRace.MostWaste * budget;
        int count = Math.Clamp((int)(planning / SecondsToMake), 1, settings.Candidates);
        // All candidates are held at once; their costs grow by a factor from one to the next, so together they are about twice the largest.
        double memory = settings.MemoryBytes ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 * 3;
        IReadOnlyList<ModelSize> sizes = settings.Sizes
            ?? CandidateSizes.Propose(cost, work, budget, memory / 2, count, size => Deployable(size, settings, cost, work));
        double middle = (sizes.Count - 1) / 2.0;
        ModelSize[] order = [.. sizes.Select((size, i) => (size, i)).OrderBy(p => Math.Abs(p.i - middle)).Select(p => p.size)];

        // A third of the planning is for measuring; rounds halve the candidates, and all but one lose what they train.
        int others = Math.Max(1, order.Length - 1);
        double slice = planning * 0.6 / others / Math.Ceiling(Math.Log2(others + 1));
        double point = slice / PointsInSlice, forward = cost.StepSeconds(order.MaxBy(cost.StepFlops)) / work.BatchTokens / 3;
        int blocks = (int)Math.Clamp(EvaluationShare * point / forward / learning.BlockTokens, FewestBlocks, MostBlocks);
        return new CandidateChoice(order, work, peak, point, blocks);
    }

    /// <summary>Sequences of a micro-batch: measured where the budget can bear it, else so few that activations stay in the caches.</summary>
    public static int? MicroBatchBlocks(PlanSettings settings)
        => settings.Budget < TimeSpan.FromMinutes(15) ? Math.Min(MicroBlocks, settings.Learning.BatchBlocks) : null;

    private static (int Vocabulary, long Tokens) Corpus(string data)
    {
        using PreparedCorpus corpus = PreparedCorpus.Open(data);
        return corpus.HeldOut.Tokens > 0 && corpus.Train.Tokens > 0 ? (corpus.Manifest.Tokenizer.VocabularySize, corpus.Train.Tokens)
            : throw new RunException(data, "holds nothing out, by which sizes are compared; prepare it with a held-out part");
    }

    private static bool Deployable(ModelSize size, PlanSettings settings, CostModel cost, Workload work)
    {
        // Of the smallest width little but the embeddings is left: depth is nearly free there, and something must be tried.
        double smallest = 1.5 * sizeof(float) * cost.Parameters(new ModelSize(1, 64));
        bool fits = settings.Limits.MaxBytes is not { } bytes
            || cost.Parameters(size) * sizeof(float) <= Math.Max(Compression * bytes, smallest);
        // A short example by itself, forward only: it reaches less of the machine than a batch does, about what compressed weights gain.
        double example = cost.StepSeconds(size) / work.BatchTokens / 3 * work.SequenceLength / 4;
        return fits && (settings.Limits.MaxLatency is not { } latency || example <= latency.TotalSeconds);
    }
}
