using Espalier.Compression;
using Espalier.Engine.Models;
using Espalier.Engine.Safetensors;
using Espalier.Pipeline.Plans;
using Espalier.Pipeline.Reports;
using Espalier.Text;
using Espalier.Text.Labelled;
using Espalier.Training.MicroBatches;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Jobs;

/// <summary>
/// The main job: from text and budgets to a package and a report. Its folder has <c>job.json</c> (settings, phases, clock),
/// <c>tokenizer/</c>, <c>data/</c>, <c>plan/</c> (the candidates' runs), <c>finetune/</c>, <c>grid/</c>, <c>package/</c> (the result),
/// <c>report.json</c> and <c>report.html</c>. Killed at any instant it goes on where it was: what each phase made stays, and the runs
/// within go on from their checkpoints.
/// </summary>
public sealed class Job : IDisposable
{
    private readonly JobWork _work;
    private PackageMeasure? _package;

    private Job(JobWork work) => _work = work;

    /// <summary>What the first phase died of that failed in this process; null where none did.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>The folder.</summary>
    public string Folder => _work.Folder;

    /// <summary>What is asked for, and how far it is.</summary>
    public JobRecord Record => _work.Record;

    /// <summary>Whether a phase failed that is tried again when the job is resumed.</summary>
    public bool CanRetry => JobContinuation.CanRetry(Record);

    /// <summary>Among which sizes the plan chooses, and with how much time.</summary>
    internal PlanScope Scope
    {
        set => _work.Scope = value;
    }

    /// <summary>Whether a folder holds a job.</summary>
    public static bool IsAt(string folder) => File.Exists(Path.Join(folder, JobRecord.FileName));

    /// <summary>Begins a job. Files that cannot be read are found now, before anything is written.</summary>
    /// <param name="folder">Its folder; new, or empty.</param>
    /// <param name="settings">What is asked for.</param>
    /// <param name="time">The clock; the system's when null.</param>
    /// <exception cref="ConfigurationException">The settings have faults; all are listed.</exception>
    /// <exception cref="TextException">A file cannot be read, or is not what it is given for.</exception>
    /// <exception cref="RunException">There is a job already, or the folder cannot be written.</exception>
    public static Job Create(string folder, JobSettings settings, TimeProvider? time = null)
    {
        settings.ThrowIfWrong();
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any(entry => !IsOfABeginning(Path.GetFileName(entry))))
        {
            throw new RunException(folder, IsAt(folder)
                ? $"there is a job here already; go on with it with --resume {folder}, or name another folder"
                : "is not empty; name a folder that is, or a new one");
        }

        settings = settings with
        {
            Translation = settings.Translation?.With(Path.GetFullPath),
            Corpus = [.. settings.Corpus.Select(Path.GetFullPath)],
            Train = FullPath(settings.Train),
            Development = FullPath(settings.Development),
            Test = FullPath(settings.Test),
        };
        double bytes = Check(settings);
        return new Job(new JobWork(folder, () => new JobRecord
        {
            Version = RunManifest.CurrentVersion,
            Created = DateTimeOffset.UtcNow,
            Settings = settings,
            Phases = JobSchedule.Of(settings.Budget, PreparePhase.Expected(settings, bytes), settings.Product),
            Inputs = JobReproduction.FilesOf(settings).ToDictionary(file => file, JobReproduction.StampOf),
        }, time ?? TimeProvider.System));
    }

    /// <summary>Opens a job to go on with it. Phases that failed are tried again, where nothing was trained in their place.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="more">Time beside what it has; null for none.</param>
    /// <param name="time">The clock; the system's when null.</param>
    /// <exception cref="RunException">There is none, another process works on it, it is damaged, or it cannot be written.</exception>
    public static Job Resume(string folder, TimeSpan? more = null, TimeProvider? time = null)
    {
        // Where there is no job nothing is locked; what it is, is read when nobody can change it any more.
        _ = JobRecord.Read(folder);
        return new Job(new JobWork(folder, () =>
        {
            JobRecord record = JobContinuation.Retry(JobRecord.Read(folder));
            return JobContinuation.WithInputs(more is { } added ? JobContinuation.Extend(record, added) : record);
        }, time ?? TimeProvider.System));
    }

    /// <summary>Does what is left, and writes the package and the report; where nothing is left, returns the report that there is.</summary>
    /// <param name="progress">Told how it goes.</param>
    /// <param name="finish">Whether to spend no more of the budget, and package the best there is.</param>
    /// <param name="cancel">Saves, and throws.</param>
    /// <exception cref="OperationCanceledException">It was cancelled; everything is saved.</exception>
    /// <exception cref="TextException">The texts cannot be used.</exception>
    /// <exception cref="RunException">The disk is full or failed, or there is no model of any kind.</exception>
    public RunReport Run(IProgress<JobProgress>? progress = null, bool finish = false, CancellationToken cancel = default)
    {
        (_work.Progress, _work.Hurry) = (progress, finish);
        if (Record.HasEnded && File.Exists(_work.PathOf(ReportFile.Name)))
        {
            return ReportFile.Read(_work.PathOf(ReportFile.Name)) with { Phases = JobReport.PhasesOf(Record) };
        }

        try
        {
            foreach (JobPhase phase in Enum.GetValues<JobPhase>())
            {
                if (Record.Phases[(int)phase].State is PhaseState.Waiting or PhaseState.Running)
                {
                    Run(phase, cancel);
                }
            }
        }
        catch (Exception e)
        {
            TryReport(e is OperationCanceledException ? ReportState.Interrupted : ReportState.Failed);
            throw;
        }

        // Once more, with what the last phase itself took.
        RunReport report = JobReport.Of(_work, ReportState.Finished, Package(cancel));
        WriteReport(report);
        return report;
    }

    /// <inheritdoc/>
    public void Dispose() => _work.Dispose();

    private void Run(JobPhase phase, CancellationToken cancel)
    {
        _work.Begin(phase);
        _work.Tell("");
        cancel.ThrowIfCancellationRequested();
        PhaseState state;
        string? note;
        try
        {
            (state, note) = Do(phase, cancel);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or (IOException and not (FileNotFoundException or DirectoryNotFoundException)))
        {
            // Of any phase: when there is room again it goes on where it was.
            throw new RunStorageException(_work.Folder, e);
        }
        catch (Exception e) when (CanBeDoneWithout(phase) && IsOfTheWork(e))
        {
            // A model of some kind can still be made, or is there: what failed is said, and the job goes on with it.
            (state, note) = (PhaseState.Failed, e.Message);
            Failure ??= e;
            _work.Note($"The phase {Record.Phases[(int)phase].Name} failed: {e.Message}");
        }

        cancel.ThrowIfCancellationRequested();
        _work.End(state, note);
    }

    private static bool CanBeDoneWithout(JobPhase phase) => phase is JobPhase.Plan or JobPhase.Pretrain or JobPhase.Finetune or JobPhase.Compress;

    // Data, files, memory, weights. A fault of this software is none of these, and ends the job where it is.
    private static bool IsOfTheWork(Exception e) => e is TextException or MicroBatchException or ConfigurationException or CompressionException
        or SafetensorsException or FileNotFoundException or DirectoryNotFoundException
        || e is RunException and not (RunStorageException or RunLockedException);

    private (PhaseState State, string? Note) Do(JobPhase phase, CancellationToken cancel)
    {
        switch (phase)
        {
            case JobPhase.Prepare:
                PreparePhase.Run(_work, cancel);
                break;
            case JobPhase.Plan:
                return (PhaseState.Done, PlanPhase.Run(_work, cancel));
            case JobPhase.Pretrain:
                PretrainPhase.Run(_work, cancel);
                break;
            case JobPhase.Finetune when _work.Settings.IsClassifier:
                FinetunePhase.Run(_work, cancel);
                break;
            case JobPhase.Finetune:
                return (PhaseState.Skipped, "there are no labels");
            case JobPhase.Compress when ChoosePhase.Trained(_work) != null:
                CompressPhase.Run(_work, cancel);
                break;
            case JobPhase.Compress:
                EncoderPhase.Run(_work, cancel);
                break;
            case JobPhase.Choose:
                ChoosePhase.Run(_work);
                break;
            case JobPhase.Package:
                _package = PackagePhase.Run(_work, cancel);
                break;
            default:
                WriteReport(JobReport.Of(_work, ReportState.Finished, Package(cancel)));
                break;
        }

        return (PhaseState.Done, null);
    }

    // Measured once in a process; who was killed after packaging measures it again.
    private PackageMeasure Package(CancellationToken cancel)
        => _package ??= PackageMeasure.Of(_work, _work.PackageFolder, null, cancel);

    private void WriteReport(RunReport report)
    {
        try
        {
            ReportFile.Write(_work.PathOf(ReportFile.Name), report);
            ReportPage.Write(report, _work.PathOf(ReportPage.Name));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunStorageException(_work.PathOf(ReportFile.Name), e);
        }
    }

    // What ends the job is said by whoever catches it; why there is no report either must not take its place.
    private void TryReport(ReportState state)
    {
        try
        {
            WriteReport(JobReport.Of(_work, state, _package ?? Former()));
        }
        catch (Exception e)
        {
            _work.Tell($"no report could be written: {e.Message}");
        }
    }

    // The package of a job that had ended, and was given more time: it is there until there is a better one.
    private PackageMeasure? Former()
        => _work.PathOf(ReportFile.Name) is var path && Directory.Exists(_work.PackageFolder) && File.Exists(path) && ReportFile.Read(path) is { Outcome: { } outcome } report
            ? new PackageMeasure(outcome, report.Confusion, report.Mistakes) { Translations = report.Translations } : null;

    // What a process leaves that was killed, or found the disk full, before the job had its record.
    private static bool IsOfABeginning(string name) => name == RunLock.Name
        || (name.StartsWith(JobRecord.FileName + ".", StringComparison.Ordinal) && name.EndsWith(".tmp", StringComparison.Ordinal));

    private static string? FullPath(string? path) => path == null ? null : Path.GetFullPath(path);

    /// <summary>Reads what can be wrong, and says how many bytes of text are given.</summary>
    private static double Check(JobSettings settings)
    {
        if (settings.Sample)
        {
            return 0;
        }

        if (settings.Translation is { } pairs)
        {
            ConfigurationException.ThrowIfAny("the pairs", pairs.Unequal());
            return TextAmount.BytesOf(pairs.Train);
        }

        foreach (string file in settings.Corpus)
        {
            using Text.Files.InputFile opened = Text.Files.InputFile.Open(file);
        }

        double bytes = TextAmount.BytesOf(settings.Corpus);
        if (settings.Train != null)
        {
            LabelledSplits sets = LabelledSplits.Open(settings.Train, settings.Development, settings.Columns);
            bytes += sets.Train.Examples.Sum(e => e.First.Length + (e.Second?.Length ?? 0));
            if (settings.Test != null)
            {
                _ = LabelledSet.Read(settings.Test, settings.Columns, sets.Train.Labels);
            }
        }

        return bytes;
    }
}
