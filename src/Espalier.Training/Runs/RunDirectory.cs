using System.Text.Json;

namespace Espalier.Training.Runs;

/// <summary>
/// Everything that a run knows lies in one folder: <c>run.json</c>, <c>events.jsonl</c>, <c>checkpoints/step-N/</c> and
/// <c>model/</c>. While this object lives no other process can work on it; the lock goes with the process, however it ends.
/// </summary>
public sealed class RunDirectory : IDisposable
{
    /// <summary>Name of the file that says what the run is.</summary>
    public const string ManifestName = "run.json";

    /// <summary>Name of the log.</summary>
    public const string EventsName = "events.jsonl";

    /// <summary>Name of the folder of checkpoints.</summary>
    public const string CheckpointsName = "checkpoints";

    /// <summary>Name of the folder with the model in Hugging Face's layout.</summary>
    public const string ModelName = "model";

    private readonly FileStream _lock;

    private RunDirectory(string path, FileStream held, RunStorage storage, RunManifest manifest)
    {
        (Path, _lock, Storage, Manifest) = (path, held, storage, manifest);
        Events = new EventLog(System.IO.Path.Join(path, EventsName), storage);
        Checkpoints = new CheckpointStore(System.IO.Path.Join(path, CheckpointsName), storage);
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>What the run is.</summary>
    public RunManifest Manifest { get; private set; }

    /// <summary>The log.</summary>
    public EventLog Events { get; }

    /// <summary>The checkpoints.</summary>
    public CheckpointStore Checkpoints { get; }

    /// <summary>The folder of the model in Hugging Face's layout; there once training ended.</summary>
    public string ModelPath => System.IO.Path.Join(Path, ModelName);

    internal RunStorage Storage { get; }

    /// <summary>Whether there is a run in the folder.</summary>
    public static bool IsAt(string path) => File.Exists(System.IO.Path.Join(path, ManifestName));

    /// <summary>Whether a process works on the run just now.</summary>
    public static bool IsHeld(string path) => RunLock.IsHeld(path);

    /// <summary>Makes a run in a folder that is new or empty.</summary>
    /// <exception cref="RunException">There is a run already, or anything else.</exception>
    /// <exception cref="RunLockedException">Another process works on it.</exception>
    /// <exception cref="RunStorageException">The folder cannot be written.</exception>
    public static RunDirectory Create(string path, RunManifest manifest) => Create(path, manifest, new RunStorage());

    /// <summary>Opens a run to work on it, and clears away what a process that was killed left unfinished.</summary>
    /// <exception cref="RunException">There is no run.</exception>
    /// <exception cref="RunLockedException">Another process works on it.</exception>
    /// <exception cref="RunDamagedException"><c>run.json</c> cannot be read.</exception>
    /// <exception cref="RunStorageException">The folder cannot be written.</exception>
    public static RunDirectory Open(string path) => Open(path, new RunStorage());

    /// <summary>Reads <c>run.json</c> only, without a lock.</summary>
    /// <exception cref="RunException">There is no run.</exception>
    /// <exception cref="RunDamagedException">It cannot be read.</exception>
    public static RunManifest ReadManifest(string path)
    {
        string file = System.IO.Path.Join(path, ManifestName);
        if (!File.Exists(file))
        {
            throw new RunException(path, $"there is no run here ({(Directory.Exists(path) ? $"{ManifestName} is missing" : "there is no such folder")}); name a run's folder, or begin one");
        }

        try
        {
            RunManifest manifest = JsonSerializer.Deserialize(File.ReadAllBytes(file), RunJson.Default.RunManifest)
                ?? throw new JsonException("it is null");
            return manifest.Format == RunManifest.CurrentFormat ? manifest
                : throw new RunDamagedException(file, $"has format {manifest.Format}; expected {RunManifest.CurrentFormat}");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new RunDamagedException(file, $"cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Replaces <c>run.json</c>: the run was given more time.</summary>
    /// <exception cref="RunStorageException">The folder cannot be written.</exception>
    public void Update(RunManifest manifest)
    {
        Write(Path, Storage, manifest);
        Manifest = manifest;
    }

    /// <summary>Writes a file of the run, whole or not at all.</summary>
    /// <param name="name">Its name within the run.</param>
    /// <param name="content">What it holds.</param>
    /// <exception cref="RunStorageException">The disk is full or failed; a file that stood there is what it was.</exception>
    public void WriteFile(string name, ReadOnlyMemory<byte> content) => Storage.WriteFile(System.IO.Path.Join(Path, name), content);

    /// <summary>Writes a folder of the run, whole or not at all; one that stands there is replaced.</summary>
    /// <param name="name">Its name within the run; the folders above it are created.</param>
    /// <param name="write">Fills the folder whose path it is given.</param>
    /// <exception cref="RunStorageException">The disk is full or failed; a folder that stood there is what it was.</exception>
    public void WriteFolder(string name, Action<string> write)
    {
        string path = System.IO.Path.Join(Path, name);
        Storage.CreateFolder(System.IO.Path.GetDirectoryName(path)!);
        Storage.Clean(System.IO.Path.GetDirectoryName(path)!);
        Storage.WriteFolder(path, write);
    }

    /// <summary>Deletes a file or folder of the run if it is there.</summary>
    /// <exception cref="RunStorageException">It cannot be deleted.</exception>
    public void Delete(string name)
    {
        if (System.IO.Path.Join(Path, name) is var path && (Directory.Exists(path) || File.Exists(path)))
        {
            Storage.Delete(path);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            Events.Dispose();
        }
        finally
        {
            _lock.Dispose();
        }
    }

    internal static RunDirectory Create(string path, RunManifest manifest, RunStorage storage)
    {
        using RunPlace place = RunPlace.Claim(path, storage);
        return place.Begin(manifest);
    }

    /// <summary>Makes a run in a folder that is held already.</summary>
    internal static RunDirectory Begin(string path, FileStream held, RunManifest manifest, RunStorage storage)
    {
        storage.CreateFolder(System.IO.Path.Join(path, CheckpointsName));
        Write(path, storage, manifest);
        return new RunDirectory(path, held, storage, manifest);
    }

    internal static RunDirectory Open(string path, RunStorage storage)
    {
        // Where there is no run nothing is locked; what the run is, is read when nobody can change it any more.
        _ = ReadManifest(path);
        FileStream held = RunLock.Take(path);
        try
        {
            RunManifest manifest = ReadManifest(path);
            Clean(path, storage);
            return new RunDirectory(path, held, storage, manifest);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static void Clean(string path, RunStorage storage)
    {
        storage.Clean(path);
        string checkpoints = System.IO.Path.Join(path, CheckpointsName);
        storage.Clean(checkpoints);
        foreach (string checkpoint in Directory.Exists(checkpoints) ? Directory.EnumerateDirectories(checkpoints).ToArray() : [])
        {
            storage.Clean(checkpoint);
        }
    }

    private static void Write(string path, RunStorage storage, RunManifest manifest)
        => storage.WriteFile(
            System.IO.Path.Join(path, ManifestName), JsonSerializer.SerializeToUtf8Bytes(manifest, RunJson.Default.RunManifest));
}
