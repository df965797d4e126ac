using Espalier.Pipeline.Jobs;

namespace Espalier.Tests.Pipeline.Jobs;

/// <summary>Tells somebody how a job goes.</summary>
internal sealed class Listener(Action<JobProgress> told) : IProgress<JobProgress>
{
    public void Report(JobProgress value) => told(value);
}

/// <summary>Does something once, when a phase begins.</summary>
internal sealed class Meanwhile(JobPhase phase, Action act) : IProgress<JobProgress>
{
    private Action? _act = act;

    public void Report(JobProgress value)
    {
        if (value.Phase == phase)
        {
            _act?.Invoke();
            _act = null;
        }
    }
}

/// <summary>Copies the job's folder while its thread waits: at the beginning of each phase, and once in it.</summary>
internal sealed class Snapshots(string job, string to) : IProgress<JobProgress>
{
    private readonly Dictionary<JobPhase, int> _told = [];

    public List<(JobPhase Phase, string Path)> Taken { get; } = [];

    public void Report(JobProgress value)
    {
        int told = _told[value.Phase] = _told.GetValueOrDefault(value.Phase) + 1;
        if (told is not (1 or 8))
        {
            return;
        }

        string path = System.IO.Path.Join(to, $"{value.Phase}-{told}");
        foreach (string made in Directory.GetDirectories(job, "*", SearchOption.AllDirectories))
        {
            Directory.CreateDirectory(System.IO.Path.Join(path, System.IO.Path.GetRelativePath(job, made)));
        }

        Directory.CreateDirectory(path);
        foreach (string file in Directory.GetFiles(job, "*", SearchOption.AllDirectories).Where(f => System.IO.Path.GetFileName(f) != ".lock"))
        {
            string copy = System.IO.Path.Join(path, System.IO.Path.GetRelativePath(job, file));
            try
            {
                using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                using FileStream target = File.Create(copy);
                source.CopyTo(target);
            }
            catch (FileNotFoundException)
            {
                // The clock is saved on another thread: its temporary file has become job.json.
            }
        }

        Taken.Add((value.Phase, path));
    }
}
