using Espalier.Planning.Curves;
using Espalier.Planning.Sizes;
using Espalier.Text.Bitext;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;
using Espalier.Training.Translation;

namespace Espalier.Pipeline.Plans;

/// <summary>An encoder-decoder learns to translate from the pairs of a parallel corpus, which is read once for all sizes.</summary>
internal sealed class TranslationTrainingTask(PlanSettings settings, TranslationPlan plan) : TrainingTask
{
    private TranslationData? _data;

    public override IReadOnlyList<string> Warnings(CancellationToken cancel) => Data(cancel).Warnings;

    public override string Metric => TranslationObjective.Metric;

    // No run of which this was measured: nothing is promised.
    public override DecayGain Gain => DecayGain.Unknown;

    public override UsualFall Usual => UsualFall.Unknown;

    // Token by token and with a beam: products of a few rows, a tenth of the machine's rate and less.
    public override double Latency => 8;

    public override void Prepare(Action<string> tell, CancellationToken cancel)
        => JointTokenizer.Make(plan.Tokenizer!, plan.Corpus, vocabulary: null, settings.Limits.MaxBytes, tell, cancel);

    public override Workload Describe(CancellationToken cancel)
    {
        EncodedPairs pairs = Data(cancel).Train;
        int count = pairs.Sources.Count;
        double targets = pairs.Targets.TokenCount + count, all = Data(cancel).TrainTokens;
        int batch = (int)Math.Min(plan.Learning.BatchTokens, all);
        return new Workload(
            Data(cancel).Tokenizer.VocabularySize, (int)Math.Ceiling(all / count), batch, batch, targets / all, (long)all,
            Architecture.EncoderDecoder);
    }

    // Those that are measured everywhere: fewer would be others than those that choose the model.
    public override int HeldOut(double tokens) => Data(CancellationToken.None).Development.Sources.Count;

    public override ITrainingRun Create(string path, ModelSize size, int heldOut, CancellationToken cancel)
        => TranslationRun.Create(path, plan.Learning.Of(size, settings, plan), cancel: cancel, data: Data(cancel));

    public override ITrainingRun Resume(string path, Func<TrainingBudget, TrainingSpent, TrainingBudget>? budget, CancellationToken cancel)
        => TranslationRun.Resume(path, budget, cancel: cancel, data: Data(cancel));

    public override TrainerSettings SettingsOf(string path)
        => TranslationRecord.Read(path, RunDirectory.ReadManifest(path)).Configuration.Training;

    public override void Rebudget(string path, Func<TrainingBudget, TrainingBudget> budget) => TranslationRun.Rebudget(path, budget);

    public override MeasuredStep Measure(ITrainingRun run, CancellationToken cancel)
    {
        (double seconds, long bytes) = ((TranslationRun)run).MeasureStep(cancel);
        return new MeasuredStep(seconds, bytes, ((TranslationRun)run).Record.Configuration.MicroBatchTokens);
    }

    public override double ContextFreeLoss(ITrainingRun run) => Data(CancellationToken.None).ContextFreeLoss();

    private TranslationData Data(CancellationToken cancel) => _data ??= TranslationData.Read(
        plan.Learning.Of(new ModelSize(1, 64), settings, plan), Path.Join(plan.Tokenizer, ModelFolder.TokenizerName), null, cancel);
}
