using Espalier.Text.Labelled;
using Espalier.Text.Tokenization;
using Espalier.Training;
using Espalier.Training.Finetuning;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Jobs;

/// <summary>A classifier from the pretrained model: as many trials as have time for enough passes over the data each.</summary>
internal static class FinetunePhase
{
    // What a trial needs to come to something: on the sample two trials of four passes each ended at 81 % where a longer one went on to 97 %.
    private const double EpochsOfTrial = 8;

    // Evaluations, short batches and a busy machine, beside what the steps of pretraining take for as many tokens.
    private const double Unforeseen = 3;

    private const int MostEpochs = 10;

    // Saving a trial's best model, and putting it in its place.
    private static readonly TimeSpan Around = TimeSpan.FromSeconds(0.5), Least = TimeSpan.FromSeconds(1);

    // Small models bear more than the paper's 3e-4 and, after short pretraining, want it.
    private static readonly double[] Rates = [5e-4, 1e-3, 3e-4];
    private static readonly ulong[] Seeds = [1, 2, 3];

    /// <summary>Trains.</summary>
    /// <exception cref="RunException">Every trial diverged, or the run cannot be written.</exception>
    /// <exception cref="Text.TextException">The data cannot be read.</exception>
    public static void Run(JobWork job, CancellationToken cancel)
    {
        job.Tell("reading the labelled set");
        using FinetuningRun run = RunDirectory.IsAt(job.FinetuneFolder)
            ? FinetuningRun.Resume(job.FinetuneFolder, (_, spent) => spent + Training(job, Evaluating(job.FinetuneFolder)), c => Here(job, c), cancel)
            : FinetuningRun.Create(job.FinetuneFolder, Configuration(job, cancel), null, cancel);
        if (run.Record.Truncated > 0)
        {
            job.Note($"{run.Record.Truncated:N0} of the labelled texts have more than {job.Settings.MaximumTokens} tokens and lose their end; --sequence-length allows more.");
        }

        FinetuningOutcome outcome = run.Train(
            (trial, setting) => new TrainingWords(job, $"trial {trial + 1} of {run.Trials.Count}, rate {setting.LearningRate:G3}: "), cancel);
        cancel.ThrowIfCancellationRequested();
        if (outcome.End == TrainingEnd.Diverged)
        {
            job.Note("Every trial of the finetuning diverged; the model is the best of what they reached before.");
        }
    }

    /// <summary>The longest that finetuning a model takes: a small set is learnt by heart before a large share of the time is over.</summary>
    public static TimeSpan Longest(JobWork job, string pretrained, CancellationToken cancel)
    {
        LabelledSet set = LabelledSplits.Open(job.Train!, job.Development, job.Settings.Columns).Train;
        long tokens = EncodedExamples.Encode(set, Tokenizer.Load(job.TokenizerFolder), job.Settings.MaximumTokens, cancel).Sequences.TokenCount;
        int trials = Rates.Length * Seeds.Length;
        return (trials * Around) + (Unforeseen * trials * MostEpochs * TimeSpan.FromSeconds(tokens / TokensPerSecond(pretrained)));
    }

    private static FinetuningConfiguration Configuration(JobWork job, CancellationToken cancel)
    {
        JobSettings settings = job.Settings;
        string? pretrained = PretrainedModel(job);
        Tokenizer tokenizer = Tokenizer.Load(job.TokenizerFolder);
        LabelledSplits sets = LabelledSplits.Open(job.Train!, job.Development, settings.Columns);
        long tokens = EncodedExamples.Encode(sets.Train, tokenizer, settings.MaximumTokens, cancel).Sequences.TokenCount;
        long development = EncodedExamples.Encode(sets.Development, tokenizer, settings.MaximumTokens, cancel).Sequences.TokenCount;
        double epoch = tokens / TokensPerSecond(pretrained);
        double time = Training(job, evaluating: 0).TotalSeconds;
        int trials = (int)Math.Clamp(time / (EpochsOfTrial * epoch), 1, Rates.Length * Seeds.Length);
        int rates = Math.Min(trials, Rates.Length), seeds = Math.Max(1, trials / Rates.Length);
        double epochs = Math.Min(MostEpochs, time / (rates * seeds) / epoch);
        double evaluations = Math.Clamp(10 / epochs, 1, 100);

        double evaluating = Evaluating(evaluations, development / (double)tokens);
        return new FinetuningConfiguration
        {
            Train = job.Train!,
            Development = job.Development,
            Columns = settings.Columns,
            From = pretrained,
            Tokenizer = pretrained == null ? job.TokenizerFolder : null,
            Model = pretrained == null ? PlanPhase.Fallback : null,
            MaximumTokens = settings.MaximumTokens,
            Grid = new FinetuningGrid
            {
                Batches = [sets.Train.Examples.Count < 5_000 ? 16 : 32],
                LearningRates = Rates[..rates],
                Seeds = [.. Seeds[..seeds].Select(s => s + settings.Seed - 1)],
            },
            Time = Training(job, evaluating),
            EvaluationsPerEpoch = evaluations,
            Patience = 0,
            Checkpoints = new Interval(Time: TimeSpan.FromSeconds(30)),
            MemoryBytes = settings.MemoryBytes,
            Threads = settings.Threads,
        };
    }

    /// <summary>Where the same files lie now, should the job's folder have been moved.</summary>
    public static FinetuningConfiguration Here(JobWork job, FinetuningConfiguration c) => c with
    {
        Train = job.Train!,
        Development = job.Development,
        From = c.From == null ? null : PretrainedModel(job),
        Tokenizer = c.Tokenizer == null ? null : job.TokenizerFolder,
    };

    /// <summary>The run to begin from; null where pretraining left no model.</summary>
    public static string? PretrainedModel(JobWork job)
        => job.Record.Pretrained is { } run && Directory.Exists(Path.Join(job.PathOf(run), RunDirectory.ModelName)) ? job.PathOf(run) : null;

    private static double TokensPerSecond(string? pretrained)
    {
        const double unknown = 20_000;
        return pretrained == null ? unknown : EventLog.Read(Path.Join(pretrained, RunDirectory.EventsName))
            .LastOrDefault(e => e.TokensPerSecond > 0)?.TokensPerSecond ?? unknown;
    }

    // What is left for steps, beside the evaluations among them.
    private static TimeSpan Training(JobWork job, double evaluating)
        => (job.Left(JobPhase.Finetune) - Around) / (1 + evaluating) is var time && time > Least ? time : Least;

    // What evaluating takes, as a part of training: a pass without gradients takes a third of one with.
    private static double Evaluating(double evaluationsPerEpoch, double development) => evaluationsPerEpoch * development / 3;

    private static double Evaluating(string run)
    {
        FinetuningRecord record = RunDirectory.ReadManifest(run).ConfigurationAs(FinetuningJson.Default.FinetuningRecord);
        return Evaluating(record.Configuration.EvaluationsPerEpoch, record.DevelopmentExamples / (double)record.TrainExamples);
    }
}
