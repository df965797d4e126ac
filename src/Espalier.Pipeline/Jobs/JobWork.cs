using Espalier.Pipeline.Reports;
using Espalier.Text.Bitext;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Jobs;

/// <summary>What the phases of a job share: its folder and record, the clock, and whoever watches. One process at a time has it.</summary>
internal sealed class JobWork : IDisposable
{
    // A process that is killed loses count of this much at most.
    private static readonly TimeSpan SaveEvery = TimeSpan.FromSeconds(5);

    private readonly FileStream _held;
    private readonly JobClock _clock;
    private readonly Timer? _timer;
    private readonly Lock _gate = new();
    private JobRecord _record;

    // Seconds of the phase that goes on, less those of the job.
    private double _before;

    /// <summary>Takes hold of a job.</summary>
    /// <exception cref="RunLockedException">Another process works on it.</exception>
    /// <exception cref="RunStorageException">The folder cannot be written.</exception>
    public JobWork(string folder, Func<JobRecord> record, TimeProvider time)
    {
        Folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        _held = Hold(Folder);
        try
        {
            _record = record();
            _before = (_record.Phases.FirstOrDefault(p => p.State == PhaseState.Running)?.Seconds ?? 0) - _record.SpentSeconds;
            _clock = new JobClock(TimeSpan.FromSeconds(_record.SpentSeconds), time);

            // One that has ended is read only: nothing is spent any more.
            if (!_record.HasEnded)
            {
                Update(r => r);
                _timer = new Timer(_ => SaveClock(), null, SaveEvery, SaveEvery);
            }
        }
        catch
        {
            _clock?.Dispose();
            _held.Dispose();
            throw;
        }
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

    /// <summary>Among which sizes the plan chooses, and with how much time.</summary>
    public PlanScope Scope { get; set; } = new();

    /// <summary>The pairs that packages are measured by, once they were read.</summary>
    public EncodedPairs? MeasuredPairs { get; set; }

    public TimeSpan Spent => _timer == null && Record.HasEnded ? TimeSpan.FromSeconds(Record.SpentSeconds) : _clock.Spent;

    public string TokenizerFolder => PathOf("tokenizer");

    public string DataFolder => PathOf("data");

    public string PlanFolder => PathOf("plan");

    /// <summary>The folder of the finetuning; another one each time that the job was given more.</summary>
    public string FinetuneFolder => FinetuneFolders.Last();

    /// <summary>The folders of all finetunings.</summary>
    public IEnumerable<string> FinetuneFolders => Folders("finetune");

    /// <summary>The folder of compression; another one each time that the job was given more.</summary>
    public string GridFolder => GridFolders.Last();

    /// <summary>The folders of all compression.</summary>
    public IEnumerable<string> GridFolders => Folders("grid");

    public string PackageFolder => PathOf(ModelSource.PackageName);

    /// <summary>The training set, wherever it comes from.</summary>
    public string? Train => Settings.Sample ? PathOf("sample/acceptability.train.tsv") : Settings.Train;

    /// <summary>The development set; null where it is drawn.</summary>
    public string? Development => Settings.Sample ? PathOf("sample/acceptability.dev.tsv") : Settings.Development;

    /// <summary>The test set, or null.</summary>
    public string? Test => Settings.Sample ? PathOf("sample/acceptability.test.tsv") : Settings.Test;

    public string PathOf(string name) => Path.Join(Folder, name);

    /// <summary>Time until a phase is to end: what it and those before it were given, less what they took.</summary>
    public TimeSpan Left(JobPhase phase)
    {
        lock (_gate)
        {
            return Hurry ? TimeSpan.Zero : TimeSpan.FromSeconds(
                Timed(_record).Phases.Take((int)phase + 1).Sum(p => (p.PlannedSeconds ?? 0) - (p.Seconds ?? 0)));
        }
    }

    /// <summary>Says what is being done.</summary>
    public void Tell(string words) => Progress?.Report(new JobProgress(Record.Phases, Phase, Spent, words));

    /// <summary>Changes the record, on the disk too.</summary>
    public void Update(Func<JobRecord, JobRecord> change)
    {
        lock (_gate)
        {
            JobRecord changed = change(Timed(_record));
            changed.Write(Folder);
            _record = changed;
        }
    }

    /// <summary>Begins a phase, or goes on with it.</summary>
    public void Begin(JobPhase phase)
    {
        Phase = phase;
        lock (_gate)
        {
            _before = (_record.Phases[(int)phase].Seconds ?? 0) - Spent.TotalSeconds;
            Update(r => Changed(r, phase, p => p with { State = PhaseState.Running, Note = null }) with
            {
                Notes = [.. r.Notes.Where(n => n.Phase != phase)],
            });
        }
    }

    /// <summary>Ends the phase that goes on.</summary>
    public void End(PhaseState state, string? note) => Update(r => Changed(r, Phase, p => p with { State = state, Note = note }));

    /// <summary>Adds something that one must know first.</summary>
    public void Note(string sentence)
        => Update(r => r.Notes.Any(n => n.Sentence == sentence) ? r : r with { Notes = [.. r.Notes, new JobNote(Phase, sentence)] });

    public void Dispose()
    {
        if (_timer != null)
        {
            // While one of its calls is under way the job is still written to.
            using var over = new ManualResetEvent(false);
            _timer.Dispose(over);
            over.WaitOne();
            if (!Record.HasEnded)
            {
                SaveClock();
            }
        }

        _clock.Dispose();
        _held.Dispose();
    }

    private static JobRecord Changed(JobRecord record, JobPhase phase, Func<ReportPhase, ReportPhase> change)
        => record with { Phases = [.. record.Phases.Select((p, i) => i == (int)phase ? change(p) : p)] };

    // What was spent goes to the phase that goes on: the record of a process that was killed adds up too.
    private JobRecord Timed(JobRecord record)
    {
        double spent = _clock.Spent.TotalSeconds;
        return record with
        {
            SpentSeconds = spent,
            Phases = [.. record.Phases.Select(p => p.State == PhaseState.Running ? p with { Seconds = _before + spent } : p)],
        };
    }

    private IEnumerable<string> Folders(string name)
        => Enumerable.Range(0, Record.Extensions + 1).Select(i => PathOf(i == 0 ? name : $"{name}-{i + 1}"));

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

        return RunLock.Take(folder);
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
