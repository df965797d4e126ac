using Espalier.Planning.Curves;
using Espalier.Planning.Sizes;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Plans;

/// <summary>The runs of the candidates; they stay open, for opening one takes longer than many a slice.</summary>
internal sealed class CandidateRuns(TrainingTask task, string directory, CancellationToken cancel) : IDisposable
{
    private readonly Dictionary<ModelSize, ITrainingRun> _open = [];

    /// <summary>The run of a candidate, resumed where it was made already.</summary>
    public ITrainingRun Open(ModelSize size, int heldOut = 0)
    {
        if (_open.TryGetValue(size, out ITrainingRun? run))
            return run;
        string path = PathOf(size);
        run = IsMade(size) ? task.Resume(path, null, cancel) : task.Create(path, size, heldOut, cancel);
        _open.Add(size, run);
        return run;
    }

    /// <summary>Whether a candidate's run was made already.</summary>
    public bool IsMade(ModelSize size) => RunDirectory.IsAt(PathOf(size));

    /// <summary>What is measured of an open run, and the seconds of its step.</summary>
    public (PlannedSize Size, double StepSeconds) Measure(ModelSize size)
    {
        ITrainingRun run = _open[size];
        MeasuredStep step = task.Measure(run, cancel);
        return (new PlannedSize(
            size, PathOf(size), run.Parameters, step.MemoryBytes, step.MicroBatchTokens, run.Settings.Schedule.Peak, null), step.Seconds);
    }

    /// <summary>The learning curve of a run, in steps at the full rate.</summary>
    public static IReadOnlyList<CurvePoint> Points(ITrainingRun run)
    {
        double peak = run.Settings.Schedule.Peak, steps = 0;
        long before = 0;
        List<CurvePoint> points = [];
        foreach (TrainingEvent e in EventLog.Read(Path.Join(run.Directory.Path, RunDirectory.EventsName)))
        {
            if (e.LearningRate is { } rate && e.Step > before)
            {
                steps += (e.Step - before) * rate / peak;
                before = e.Step;
            }
            if (e.Evaluation is { } evaluation && e.Event == "evaluation" && (points.Count == 0 || steps > points[^1].Steps))
                points.Add(new CurvePoint(steps, evaluation.Loss));
        }
        return points;
    }

    public void Dispose()
    {
        foreach (ITrainingRun run in _open.Values)
            run.Dispose();
        _open.Clear();
    }

    private string PathOf(ModelSize size) => Path.GetFullPath(Path.Join(directory, $"{size.Layers}x{size.Hidden}"));
}
