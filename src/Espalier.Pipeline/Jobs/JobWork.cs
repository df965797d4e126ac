using Espalier.Pipeline.Reports;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Jobs;

/// <summary>What the phases of a job share: its folder and record, the clock, and whoever watches. One process at a time has it.</summary>
internal sealed class JobWork : IDisposable
{
    private const string LockName = ".lock";

    // A process that is killed loses count of this much at most.
    private static readonly TimeSpan SaveEvery = TimeSpan.FromSeconds(5);

    private readonly FileStream _held;
    private readonly JobClock _clock;
    private readonly Timer _timer;
    private readonly Lock _gate = new();
    private JobRecord _record;

    /// <summary>Takes hold of a job.</summary>
    /// <exception cref="RunLockedException">Another process works on it.</exception>
    /// <exception cref="RunStorageException">The folder cannot be written.</exception>
    public JobWork(string folder, Func<JobRecord> record, TimeProvider time)
    {
        Folder = Path.GetFullPath(folder);
        _held = Hold(Folder);
        try
        {
            _record = record();
            _clock = new JobClock(TimeSpan.FromSeconds(_record.SpentSeconds), time);
            Update(r => r);
        }
        catch
        {
            _held.Dispose();
            throw;
        }

        _timer = new Timer(_ => SaveClock(), null, SaveEvery, SaveEvery);
    }

    public string Folder { get; }

    public JobRecord Record
    {
        get
        {
            lock (_gate)
            {
                return _record;
            }
        }
    }

    public JobSettings Settings => Record.Settings;

    /// <summary>Told how it goes.</summary>
    public IProgress<JobProgress>? Progress { get; set; }

    /// <summary>The phase that goes on.</summary>
    public JobPhase Phase { get; set; }

    /// <summary>Whether no time is left for anything but an end.</summary>
    public bool Hurry { get; set; }

    public TimeSpan Spent => _clock.Spent;

    public string TokenizerFolder => PathOf("tokenizer");

    public string DataFolder => PathOf("data");

    public string PlanFolder => PathOf("plan");

    public string FinetuneFolder => PathOf("finetune");

    public string PackageFolder => PathOf("package");

    /// <summary>The folder of a round of compression.</summary>
    public string GridFolder(int round) => PathOf(Path.Join("grid", $"{round}"));

    /// <summary>The training set, wherever it comes from.</summary>
    public string? Train => Settings.Sample ? PathOf("sample/acceptability.train.tsv") : Settings.Train;

    /// <summary>The development set; null where it is drawn.</summary>
    public string? Development => Settings.Sample ? PathOf("sample/acceptability.dev.tsv") : Settings.Development;

    /// <summary>The test set, or null.</summary>
    public string? Test => Settings.Sample ? PathOf("sample/acceptability.test.tsv") : Settings.Test;

    public string PathOf(string name) => Path.Join(Folder, name);

    /// <summary>Time until a phase is to end.</summary>
    public TimeSpan Left(JobPhase phase)
        => Hurry ? TimeSpan.Zero : TimeSpan.FromSeconds(JobSchedule.EndOf(Record.Phases, phase)) - Spent;

    /// <summary>Says what is being done.</summary>
    public void Tell(string words) => Progress?.Report(new JobProgress(Record.Phases, Phase, Spent, words));

    /// <summary>Changes the record, on the disk too.</summary>
    public void Update(Func<JobRecord, JobRecord> change)
    {
        lock (_gate)
        {
            JobRecord changed = change(_record) with { SpentSeconds = Spent.TotalSeconds };
            changed.Write(Folder);
            _record = changed;
        }
    }

    /// <summary>Changes what is known of a phase.</summary>
    public void Update(JobPhase phase, Func<ReportPhase, ReportPhase> change)
        => Update(r => r with { Phases = [.. r.Phases.Select((p, i) => i == (int)phase ? change(p) : p)] });

    /// <summary>Adds something that one must know first.</summary>
    public void Note(string sentence)
        => Update(r => r.Notes.Contains(sentence) ? r : r with { Notes = [.. r.Notes, sentence] });

    public void Dispose()
    {
        _timer.Dispose();
        _clock.Dispose();
        _held.Dispose();
    }

    private void SaveClock()
    {
        try
        {
            Update(r => r);
        }
        catch (RunStorageException)
        {
            // A full disk is the phase's to report, which needs more of it than this.
        }
    }

    private static FileStream Hold(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunStorageException(folder, e);
        }

        try
        {
            return new FileStream(Path.Join(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new RunLockedException(folder, e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new RunStorageException(folder, e);
        }
    }
}

/// <summary>Where a job stands.</summary>
/// <param name="Phases">The phases with their shares, and what those took that ended.</param>
/// <param name="Phase">The one that goes on.</param>
/// <param name="Spent">Wall-clock time spent.</param>
/// <param name="Words">What is being done.</param>
public readonly record struct JobProgress(IReadOnlyList<ReportPhase> Phases, JobPhase Phase, TimeSpan Spent, string Words)
{
    /// <summary>Time until the job is to end.</summary>
    public TimeSpan Left => TimeSpan.FromSeconds(Math.Max(0, JobSchedule.EndOf(Phases, JobPhase.Report) - Spent.TotalSeconds));

    /// <summary>The part of the budget that is spent.</summary>
    public double Fraction => Math.Clamp(Spent.TotalSeconds / JobSchedule.EndOf(Phases, JobPhase.Report), 0, 1);
}
