using Espalier.Planning.Curves;
using Espalier.Planning.Sizes;
using Espalier.Text.Corpora;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.MicroBatches;
using Espalier.Training.Objectives;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Plans;

/// <summary>An encoder learns to predict masked tokens of a prepared corpus.</summary>
internal sealed class PretrainingTask(PlanSettings settings) : TrainingTask
{
    private const int MicroBlocks = 4;

    private readonly string _data = settings.Data!;

    public override string Metric => Evaluation.Perplexity;

    // What the law through the first 40 % of a run says of its end, beside what it came to, on English: 2 × 64, 1 × 128, 2 × 128, 4 × 128, 3 × 192 and
    // 3 × 256 in three minutes gained 11, 9, 7, 6, 0 and 14 % of their fall below the loss without context, 2 × 128 in thirty minutes 8 and in an
    // hour -1.
    public override DecayGain Gain => new(0.07, 0.05);

    // Of 32 candidates of seventeen races, from the last point of the race to the end: all of 27 on English (nine sizes, 3 to 30 minutes) and
    // the made-up language ended within the 90 % that this says, and of five with a few kilobytes of text two. They are the runs that it was taken from.
    public override UsualFall Usual => new(0.115, 0.02);

    // A short one reaches less of the machine than a batch does, about what compressed weights gain.
    public override double Latency => 1 / 4.0;

    public override void Prepare(Action<string> tell, CancellationToken cancel)
    {
        // The corpus is prepared.
    }

    public override Workload Describe(CancellationToken cancel)
    {
        using PreparedCorpus corpus = PreparedCorpus.Open(_data);
        if (corpus.HeldOut.Tokens == 0 || corpus.Train.Tokens == 0)
            throw new RunException(_data, "holds nothing out, by which sizes are compared; prepare it with a held-out part");
        PlanLearning learning = settings.Learning;
        return new Workload(
            corpus.Manifest.Tokenizer.VocabularySize, learning.BlockTokens, learning.BatchBlocks * learning.BlockTokens,
            Math.Min(MicroBlocks, learning.BatchBlocks) * learning.BlockTokens, learning.MaskRate, corpus.Train.Tokens);
    }

    public override int HeldOut(double tokens) => (int)Math.Ceiling(tokens / settings.Learning.BlockTokens);

    public override ITrainingRun Create(string path, ModelSize size, int heldOut, CancellationToken cancel)
        => PretrainingRun.Create(path, settings.Learning.Of(size, settings, heldOut, MicroBatchBlocks), peakFlops: PeakFlops, cancel: cancel);

    public override ITrainingRun Resume(string path, Func<TrainingBudget, TrainingSpent, TrainingBudget>? budget, CancellationToken cancel)
        => PretrainingRun.Resume(path, budget, _data, cancel);

    public override TrainerSettings SettingsOf(string path)
        => RunDirectory.ReadManifest(path).ConfigurationAs(PretrainingJson.Default.PretrainingRecord).Configuration.Training;

    public override void Rebudget(string path, Func<TrainingBudget, TrainingBudget> budget) => PretrainingRun.Rebudget(path, budget);

    public override MeasuredStep Measure(ITrainingRun run, CancellationToken cancel)
    {
        var pretraining = (PretrainingRun)run;
        MicroBatchChoice choice = pretraining.Record.MicroBatch;
        return new MeasuredStep(
            pretraining.Estimate.StepSeconds, choice.Candidates.Single(c => c.Tokens == choice.Tokens).Bytes, choice.Tokens);
    }

    public override double ContextFreeLoss(ITrainingRun run) => Math.Log(((PretrainingRun)run).Record.UnigramPerplexity ?? 1);

    // Measured where the budget can bear it, else so few that activations stay in the caches.
    private int? MicroBatchBlocks => settings.Budget < TimeSpan.FromMinutes(15) ? Math.Min(MicroBlocks, settings.Learning.BatchBlocks) : null;
}
