using System.Globalization;
using Espalier.Pipeline.Grids;
using Espalier.Pipeline.Reports;
using Espalier.Training.Objectives;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;
using Espalier.Training.Translation;

namespace Espalier.Pipeline.Jobs;

/// <summary>Gathers what the report shows from the files of a job, finished or not.</summary>
internal static class JobReport
{
    /// <summary>The report.</summary>
    /// <param name="job">The job.</param>
    /// <param name="state">How far it is.</param>
    /// <param name="package">The package, where there is one.</param>
    public static RunReport Of(JobWork job, ReportState state, PackageMeasure? package)
    {
        JobRecord record = job.Record;
        (string Run, string Name)[] runs = [.. PlanPhase.Runs(job)];
        IReadOnlyList<TrainingEvent> pretraining = record.Pretrained == null ? [] : EventsOf(job.PathOf(record.Pretrained));
        TrainingEvent? end = record.Phases[(int)JobPhase.Pretrain].State == PhaseState.Done ? pretraining.LastOrDefault() : null;

        // The forecast is of the weights as they were trained, not of an average of several that was tried at the end.
        Evaluation? measured = end == null ? null : pretraining.LastOrDefault(e => e.Evaluation is { Averaged: null })?.Evaluation;
        double? heldOut = measured?.Loss;
        return new RunReport
        {
            Format = RunReport.CurrentFormat,
            Title = package == null ? $"Job {Path.GetFileName(job.Folder)}" : ModelCard.TitleOf(package.Outcome),
            Created = DateTimeOffset.Now,
            Version = record.Version,
            State = state,
            Notes = [.. record.Notes.Select(n => n.Sentence)],
            Goals = new ReportGoals(record.Settings.Budget.TotalSeconds, record.Settings.Limits),
            Outcome = package == null ? null : package.Outcome with
            {
                Seconds = job.Spent.TotalSeconds,
                HeldOutLoss = package.Outcome.HeldOutLoss ?? heldOut,
                HeldOutPredictions = package.Outcome.HeldOutLoss == null ? measured?.Predictions : package.Outcome.HeldOutPredictions,
            },
            Plan = PlanPhase.Report(job, heldOut),
            Forecasts = PlanPhase.Forecasts(job, end, heldOut),
            Curves =
            [
                .. runs.OrderByDescending(r => r.Run == record.Pretrained).Select(r => ReportCurve.Of(
                    r.Name, r.Run == record.Pretrained ? CurveRole.Chosen : CurveRole.Raced, EventsOf(job.PathOf(r.Run)))),
                .. Trials(job),
            ],
            Grid = Grid(job),
            ChosenCell = record.Chosen?.StartsWith("grid", StringComparison.Ordinal) == true ? Path.GetFileName(record.Chosen) : null,
            Confusion = package?.Confusion,
            Mistakes = package?.Mistakes,
            Translations = package?.Translations,
            Phases = PhasesOf(record),
            Configuration = Configuration(job),
            Machine = Machine(job),
            Reproduction = JobReproduction.Of(job),
        };
    }

    /// <summary>The phases that a job has.</summary>
    public static IReadOnlyList<ReportPhase> PhasesOf(JobRecord record) => [.. record.Phases.Where(JobSchedule.Has)];

    private static IReadOnlyList<TrainingEvent> EventsOf(string run) => EventLog.Read(Path.Join(run, RunDirectory.EventsName));

    private static IEnumerable<ReportCurve> Trials(JobWork job)
    {
        foreach (string run in job.FinetuneFolders)
        {
            string trials = Path.Join(run, "trials"), of = run == job.FinetuneFolders.First() ? "" : $" of {Path.GetFileName(run)}";
            foreach (string trial in Directory.Exists(trials) ? Directory.EnumerateDirectories(trials).Order(StringComparer.Ordinal).Where(RunDirectory.IsAt) : [])
            {
                yield return ReportCurve.Of($"trial {Path.GetFileName(trial)}{of}", CurveRole.Finetuning, EventsOf(trial));
            }
        }
    }

    // Rounds may have made the same cell again: the one that was chosen stands for it, or the better one.
    private static GridTable? Grid(JobWork job)
    {
        (string Folder, CellResult Cell)[] cells = [.. ChoosePhase.Cells(job)];
        if (cells.Length == 0)
        {
            return null;
        }

        string? chosen = job.Record.Chosen == null ? null : job.PathOf(job.Record.Chosen);
        string of = cells.FirstOrDefault(c => c.Folder == chosen, cells[^1]).Folder;
        return GridLog.TableOf(
            ChoosePhase.MetricOf(job), ChoosePhase.UncompressedQuality(job),
            cells.GroupBy(c => c.Cell.Name).Select(same => same
                .OrderByDescending(c => c.Folder == chosen).ThenByDescending(c => c.Cell.Measures?.Quality).First().Cell),
            GridLevel.ReadResults(Path.GetDirectoryName(Path.GetDirectoryName(of))!),
            Compression.Analysis.Measure.Bytes, Compression.Analysis.Measure.Quality);
    }

    private static IReadOnlyList<ReportSection> Configuration(JobWork job)
    {
        JobSettings s = job.Settings;
        Compression.Choice.DeploymentLimits l = s.Limits;
        List<ReportSection> sections =
        [
            new("The job",
            [
                new("time", Words($"{s.Budget.TotalSeconds:G6} s"), "given"),
                new("most bytes", l.MaxBytes is { } bytes ? Words($"{bytes:N0}") : "any"),
                new("longest latency", l.MaxLatency is { } latency ? Words($"{latency.TotalMilliseconds:G4} ms") : "any"),
                new(s.IsTranslator ? "largest drop in BLEU" : "largest drop in accuracy", l.MaxDrop is { } drop ? Words($"{100 * drop:G3} points") : "any"),
                new("vocabulary", s.Vocabulary is { } v ? Words($"{v:N0}") : "by the amount of text and the size of the package", s.Vocabulary == null ? "chosen" : "given"),
                new("tokens of an example", Words($"{s.MaximumTokens}")),
                new("threads", s.Threads == 0 ? "every core" : Words($"{s.Threads}")),
                new("seed", Words($"{s.Seed}")),
            ]),
        ];
        if (job.Record.Pretrained is { } run && RunDirectory.IsAt(job.PathOf(run)))
        {
            RunManifest manifest = RunDirectory.ReadManifest(job.PathOf(run));
            sections.Add(s.IsTranslator ? Training(TranslationRecord.Read(job.PathOf(run), manifest))
                : Pretraining(manifest.ConfigurationAs(PretrainingJson.Default.PretrainingRecord).Configuration));
        }

        return sections;
    }

    private static ReportSection Pretraining(PretrainingConfiguration c) => new("Pretraining",
    [
        new("size", Words($"{c.Model.Layers} layers × {c.Model.Hidden}, {c.Model.ActualHeads} heads"), "planned"),
        new("vocabulary", Words($"{c.Model.Vocabulary:N0} tokens")),
        new("batch", Words($"{c.Batches.BatchBlocks} × {c.Batches.BlockTokens} tokens")),
        new("tokens to predict", Words($"{100 * c.Batches.MaskRate:G3} %")),
        new("learning rate", Words($"{c.Training.Schedule.Peak:G3}, {c.Training.Schedule.Decay}"), c.LearningRateSource),
        new("weight decay", Words($"{c.Training.Optimizer.WeightDecay}")),
        new("dropout", Words($"{c.Model.Dropout}")),
    ]);

    private static ReportSection Training(TranslationRecord record)
    {
        TranslationConfiguration c = record.Configuration;
        return new ReportSection("Training",
        [
            new("size", Words($"{c.Model.Layers} + {c.Model.ActualDecoderLayers} layers × {c.Model.Hidden}, {c.Model.ActualHeads} heads"), "planned"),
            new("vocabulary", Words($"{c.Model.Vocabulary:N0} tokens of both languages")),
            new("pairs", Words($"{record.TrainPairs:N0} of {record.TrainTokens:N0} tokens to learn from, {record.DevelopmentPairs:N0} to compare by")),
            new("batch", Words($"{c.BatchTokens} tokens of both sides")),
            new("learning rate", Words($"{c.Training.Schedule.Peak:G3}, {c.Training.Schedule.Decay}"), "by the width"),
            new("dropout", Words($"{c.Model.Dropout}, {c.Model.AttentionDropout} of attention")),
            new("label smoothing", Words($"{c.Model.LabelSmoothing}")),
            new("evaluations averaged", Words($"{c.Average} at most, where that is better")),
        ]);
    }

    private static MachineRecord? Machine(JobWork job)
        => job.Record.Pretrained is { } run && RunDirectory.IsAt(job.PathOf(run)) ? RunDirectory.ReadManifest(job.PathOf(run)).Machine : null;

    private static string Words(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
