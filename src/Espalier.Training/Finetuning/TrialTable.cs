using System.Globalization;
using Espalier.Training.Budgets;
using Espalier.Training.Runs;

namespace Espalier.Training.Finetuning;

/// <summary>The trials of a run's grid: what each is, where it lies, and what came of those that have ended.</summary>
internal sealed class TrialTable
{
    private const string TrialsName = "trials";

    private readonly RunDirectory _run;
    private readonly FinetuningRecord _record;
    private readonly List<TrialResult> _results;

    /// <summary>Reads what has ended.</summary>
    /// <exception cref="RunException">The log of the trials cannot be read.</exception>
    public TrialTable(RunDirectory run, FinetuningRecord record)
    {
        (_run, _record, Settings) = (run, record, record.Configuration.Grid.Trials());
        _results = [.. TrialLog.Read(run.Path)];
    }

    /// <summary>Trials of the grid, in the order in which they run.</summary>
    public IReadOnlyList<TrialSetting> Settings { get; }

    /// <summary>Those that have ended.</summary>
    public IReadOnlyList<TrialResult> Results => _results;

    /// <summary>Numbers of those that have not.</summary>
    public IEnumerable<int> Left => Enumerable.Range(0, Settings.Count).Where(trial => !_results.Any(r => r.Trial == trial));

    /// <summary>The best that has ended; null before the first.</summary>
    public TrialResult? Best => FinetuningOutcome.BestOf(_results);

    /// <summary>Training time of those that have ended.</summary>
    public TimeSpan Spent => TimeSpan.FromSeconds(_results.Sum(r => r.TrainingSeconds));

    /// <summary>Folder of the one that has begun and not ended; null where there is none.</summary>
    public string? Begun => PathOf(_results.Count) is var path && RunDirectory.IsAt(path) ? path : null;

    /// <summary>Folder of a trial.</summary>
    public static string PathOf(string run, int trial) => Path.Join(run, TrialsName, trial.ToString(CultureInfo.InvariantCulture));

    /// <summary>Opens a trial, or begins it if there is time; null when the time is up.</summary>
    public TrialRun? Open(int trial, FinetuningMaterials materials)
    {
        string path = PathOf(trial);
        if (RunDirectory.IsAt(path))
        {
            return TrialRun.Open(materials, _record, path, _run.Storage);
        }

        FinetuningConfiguration c = _record.Configuration;
        TrainingBudget budget = c.Trial;
        if (c.Time is { } whole)
        {
            int left = Settings.Count - _results.Count;
            if (GridTime.Share(whole, Spent, left, TimeSpan.FromSeconds(_record.EpochSeconds), _results.Count == 0) is not { } share)
            {
                return null;
            }

            budget = budget with { Time = budget.Time is { } own && own < share ? own : share };
        }

        return TrialRun.Create(materials, _record, new TrialRecord(trial, Settings[trial], budget), _run.Manifest, path, _run.Storage);
    }

    /// <summary>Writes down what came of a trial.</summary>
    public void Add(TrialResult result)
    {
        TrialLog.Append(_run, _results, result);
        _results.Add(result);
    }

    /// <summary>
    /// Puts the best model in its place, then deletes what no one needs any more. Done anew after each trial and at the start:
    /// who was killed anywhere in it begins it again.
    /// </summary>
    public void KeepBest()
    {
        if (Best is not { } best)
        {
            return;
        }

        string model = Path.Join(PathOf(best.Trial), TrialRun.BestName);
        if (Directory.Exists(model))
        {
            _run.Storage.WriteFolder(_run.ModelPath, folder =>
            {
                foreach (string name in new[] { ModelFolder.ConfigurationName, ModelFolder.TokenizerName, ModelFolder.WeightsName })
                {
                    // What it is copied from is deleted next.
                    using FileStream source = File.OpenRead(Path.Join(model, name));
                    RunStorage.WriteThrough(Path.Join(folder, name), source);
                }
            });
        }

        foreach (TrialResult result in _results)
        {
            string path = PathOf(result.Trial);
            foreach (string part in new[] { TrialRun.BestName, RunDirectory.CheckpointsName }.Select(name => Path.Join(path, name)))
            {
                if (Directory.Exists(part))
                {
                    _run.Storage.Delete(part);
                }
            }

            _run.Storage.Clean(path);
        }
    }

    private string PathOf(int trial) => PathOf(_run.Path, trial);
}
