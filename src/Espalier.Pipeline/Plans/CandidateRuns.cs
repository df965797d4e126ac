using Espalier.Planning.Curves;
using Espalier.Planning.Sizes;
using Espalier.Training.MicroBatches;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Plans;

/// <summary>The pretraining runs of the candidates; they stay open, for opening one takes longer than many a slice.</summary>
internal sealed class CandidateRuns(PlanSettings settings, string directory, CancellationToken cancel) : IDisposable
{
    private readonly Dictionary<ModelSize, PretrainingRun> _open = [];

    /// <summary>The run of a candidate, resumed where it was made already.</summary>
    public PretrainingRun Open(ModelSize size, int heldOutBlocks = 0)
    {
        if (_open.TryGetValue(size, out PretrainingRun? run))
            return run;
        string path = PathOf(size);
        run = IsMade(size)
            ? PretrainingRun.Resume(path, data: settings.Data, cancel: cancel)
            : PretrainingRun.Create(
                path, settings.Learning.Of(size, settings, heldOutBlocks, CandidateChoice.MicroBatchBlocks(settings)), cancel: cancel);
        _open.Add(size, run);
        return run;
    }

    /// <summary>Whether a candidate's run was made already.</summary>
    public bool IsMade(ModelSize size) => RunDirectory.IsAt(PathOf(size));

    /// <summary>What making a run has measured.</summary>
    public PlannedSize Measured(ModelSize size)
    {
        PretrainingRun run = _open[size];
        MicroBatchChoice choice = run.Record.MicroBatch;
        return new PlannedSize(
            size, PathOf(size), run.Parameters, choice.Candidates.Single(c => c.Tokens == choice.Tokens).Bytes, choice.Tokens,
            run.Record.Configuration.Training.Schedule.Peak, null);
    }

    /// <summary>The learning curve of a run, in steps at the full rate.</summary>
    public static IReadOnlyList<CurvePoint> Points(PretrainingRun run)
    {
        double peak = run.Record.Configuration.Training.Schedule.Peak, steps = 0;
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
        foreach (PretrainingRun run in _open.Values)
            run.Dispose();
        _open.Clear();
    }

    private string PathOf(ModelSize size) => Path.GetFullPath(Path.Join(directory, $"{size.Layers}x{size.Hidden}"));
}
