using System.Globalization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Memory;
using Espalier.Engine.Safetensors;
using Espalier.Training.Runs;

namespace Espalier.Training.Translation;

/// <summary>
/// The weights at the last few evaluations, for their average (Vaswani et al. 2017, §6.1). They lie in the run's folder, so
/// that a run that is killed and resumed averages what an uninterrupted one does.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="count">How many to keep.</param>
internal sealed class Snapshots(RunDirectory run, int count)
{
    private const string FolderName = "snapshots", Extension = ".safetensors";

    private string Folder => Path.Join(run.Path, FolderName);

    /// <summary>Steps of those that are there, ascending.</summary>
    public IReadOnlyList<long> Steps => !Directory.Exists(Folder) ? [] :
    [
        .. Directory.EnumerateFiles(Folder, "*" + Extension)
            .Select(file => long.TryParse(Path.GetFileNameWithoutExtension(file), CultureInfo.InvariantCulture, out long step) ? step : -1)
            .Where(step => step >= 0).Order(),
    ];

    /// <summary>Keeps the weights of a step, and forgets what is too old, or was made after it in an earlier life of the run.</summary>
    public void Add(ParameterSet parameters, long step)
    {
        if (count < 2)
        {
            return;
        }

        run.Storage.CreateFolder(Folder);
        run.Storage.Change(FileOf(step), () => TensorTransfer.Save(FileOf(step), parameters.Device, parameters.Stored()));
        long[] past = [.. Steps.Where(s => s <= step)];
        foreach (long unwanted in Steps.Except(past.TakeLast(count)))
        {
            run.Storage.Delete(FileOf(unwanted));
        }
    }

    /// <summary>Gives parameters the average of all that are kept.</summary>
    public void Average(ParameterSet parameters)
    {
        IReadOnlyList<long> steps = Steps;
        long length = parameters.Weights.Length;
        using var sum = new DeviceMemory(parameters.Device, length * sizeof(float));
        DeviceSpan<float> total = sum.Span<float>();
        foreach (long step in steps)
        {
            using SafetensorsFile file = SafetensorsFile.Open(FileOf(step));
            TensorTransfer.Load(file, parameters.Device, parameters.Stored());
            parameters.Device.Kernels.Add(total, parameters.Weights, total);
        }

        parameters.Device.Kernels.Scale(total, 1f / steps.Count, parameters.Weights);
    }

    private string FileOf(long step) => Path.Join(Folder, step.ToString("D9", CultureInfo.InvariantCulture) + Extension);
}
