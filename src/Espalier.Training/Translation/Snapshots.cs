using System.Globalization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Memory;
using Espalier.Engine.Safetensors;
using Espalier.Training.Runs;

namespace Espalier.Training.Translation;

/// <summary>
/// The weights at some evaluations, for the average (Vaswani et al. 2017, §6.1) of those that lead up to the best: what follows it is
/// the worse half of a run that stopped early. They lie in the run's folder, <c>snapshots/STEP/</c>, so that a run that is killed and
/// resumed averages what an uninterrupted one does.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="count">How many to average.</param>
internal sealed class Snapshots(RunDirectory run, int count)
{
    private const string FolderName = "snapshots";

    /// <summary>Steps of those that are there, ascending.</summary>
    public IReadOnlyList<long> Steps => !Directory.Exists(Path.Join(run.Path, FolderName)) ? [] :
    [
        .. Directory.EnumerateDirectories(Path.Join(run.Path, FolderName))
            .Select(folder => long.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out long step) ? step : -1)
            .Where(step => step >= 0).Order(),
    ];

    /// <summary>Keeps the weights of the latest evaluation, and forgets those that no average can need, or that the log does not know:
    /// they were made in an earlier life of the run.</summary>
    public void Add(ParameterSet parameters, EvaluationHistory history)
    {
        if (count < 2)
        {
            return;
        }

        run.WriteFolder(
            NameOf(history.Evaluations[^1].Step),
            folder => TensorTransfer.Save(Path.Join(folder, ModelFolder.WeightsName), parameters.Device, parameters.Stored()));
        foreach (long unwanted in Steps.Except(UpTo(history.Evaluations[^1].Step, history)).Except(UpTo(history.Best!.Step, history)).ToArray())
        {
            run.Delete(NameOf(unwanted));
        }
    }

    /// <summary>Gives parameters the average of the evaluations up to the best.</summary>
    /// <returns>Of how many; null where there are not two, and nothing was changed.</returns>
    public int? Average(ParameterSet parameters, EvaluationHistory history)
    {
        long[] steps = history.Best == null ? [] : [.. UpTo(history.Best.Step, history).Intersect(Steps)];
        if (steps.Length < 2)
        {
            return null;
        }

        using var sum = new DeviceMemory(parameters.Device, parameters.Weights.Length * sizeof(float));
        DeviceSpan<float> total = sum.Span<float>();
        foreach (long step in steps)
        {
            using SafetensorsFile file = SafetensorsFile.Open(Path.Join(run.Path, NameOf(step), ModelFolder.WeightsName));
            TensorTransfer.Load(file, parameters.Device, parameters.Stored());
            parameters.Device.Kernels.Add(total, parameters.Weights, total);
        }

        parameters.Device.Kernels.Scale(total, 1f / steps.Length, parameters.Weights);
        return steps.Length;
    }

    private IEnumerable<long> UpTo(long last, EvaluationHistory history)
        => history.Evaluations.Select(e => e.Step).Where(step => step <= last).Distinct().TakeLast(count);

    private static string NameOf(long step) => Path.Join(FolderName, step.ToString(CultureInfo.InvariantCulture));
}
