namespace Espalier.Training.Runs;

/// <summary>A run cannot be used or written. The message is for a person: it names the place, what is wrong and what to do.</summary>
public class RunException : Exception
{
    /// <summary>A fault of the run, or the file, at <paramref name="path"/>.</summary>
    public RunException(string path, string problem, Exception? inner = null) : base($"{path}: {problem}", inner) => Path = path;

    /// <summary>The run or the file at fault.</summary>
    public string Path { get; }
}

/// <summary>Another process works on the run.</summary>
public sealed class RunLockedException(string path, Exception inner)
    : RunException(path, "another process is working on this run; wait for it, or stop it (it saves first)", inner);

/// <summary>The run cannot be written: the disk is full or failed, or the folder is read-only. What was saved before is untouched.</summary>
public sealed class RunStorageException(string path, Exception inner) : RunException(
    path, $"cannot be written: {inner.Message.TrimEnd('.')}. What was saved before is untouched: make room, or mend the permissions, and go on", inner);

/// <summary>The run was made with something else than what is there now: another data set, tokenizer or device.</summary>
public sealed class RunMismatchException(string path, string problem) : RunException(path, problem);

/// <summary>The run's files are damaged beyond going on.</summary>
public sealed class RunDamagedException(string path, string problem, Exception? inner = null) : RunException(path, problem, inner);
