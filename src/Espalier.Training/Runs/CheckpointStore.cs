using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Espalier.Engine.Autograd;
using Espalier.Engine.Optimizers;
using Espalier.Engine.Safetensors;

namespace Espalier.Training.Runs;

/// <summary>The checkpoints of a run: each a folder <c>step-N</c> that appears whole or not at all.</summary>
public sealed class CheckpointStore
{
    internal const string ModelName = "model.safetensors", OptimizerName = "optimizer.safetensors", StateName = "state.json";
    private const string Prefix = "step-", Damaged = "damaged-", FirstMoment = "first.", SecondMoment = "second.";

    private readonly string _folder;
    private readonly RunStorage _storage;

    internal CheckpointStore(string folder, RunStorage storage) => (_folder, _storage) = (folder, storage);

    /// <summary>Writes a checkpoint; one of the same step is replaced.</summary>
    /// <exception cref="RunStorageException">The disk is full or failed, or the folder is read-only.</exception>
    internal Checkpoint Save(ParameterSet parameters, AdamW optimizer, TrainingState state, long eventBytes)
    {
        string path = Path.Join(_folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{state.Step}"));
        _storage.WriteFolder(path, temporary =>
        {
            TensorTransfer.Save(Path.Join(temporary, ModelName), parameters.Device, parameters.Stored());
            TensorTransfer.Save(Path.Join(temporary, OptimizerName), parameters.Device, Moments(parameters, optimizer));
            var record = new CheckpointRecord
            {
                State = state,
                EventBytes = eventBytes,
                Files = new[] { ModelName, OptimizerName }.ToDictionary(name => name, name => Describe(Path.Join(temporary, name))),
            };

            // The folder appears as a whole: its files need no renames, nor the flushes that these take.
            RunStorage.WriteThrough(Path.Join(temporary, StateName), new MemoryStream(Bytes(record)));
        });
        return new Checkpoint(path, state.Step, state) { EventBytes = eventBytes };
    }

    /// <summary>Writes <c>state.json</c> anew: times and the log have gone on, weights and moments have not.</summary>
    /// <exception cref="RunStorageException">The disk is full or failed, or the folder is read-only.</exception>
    internal Checkpoint Update(Checkpoint checkpoint, TrainingState state, long eventBytes)
    {
        CheckpointRecord record = ReadRecord(checkpoint.Path);
        Write(checkpoint.Path, record with { State = state, EventBytes = eventBytes });
        return checkpoint with { State = state, EventBytes = eventBytes };
    }

    /// <summary>All checkpoints whose files are as they were written, oldest first.</summary>
    /// <param name="damaged">Told of each that is not: its folder and what is wrong.</param>
    public IReadOnlyList<Checkpoint> List(Action<string, string>? damaged = null)
    {
        List<Checkpoint> whole = [];
        foreach ((string path, _) in Folders())
        {
            if (Read(path, out string? fault) is { } checkpoint)
            {
                whole.Add(checkpoint);
            }
            else
            {
                damaged?.Invoke(path, fault!);
            }
        }

        return whole;
    }

    /// <summary>The newest checkpoint before <paramref name="before"/> whose files are as they were written, or null.</summary>
    internal Checkpoint? Latest(Action<string, string> damaged, long before = long.MaxValue)
    {
        foreach ((string path, _) in Folders().Where(f => f.Step < before).Reverse())
        {
            if (Read(path, out string? fault) is { } checkpoint)
            {
                return checkpoint;
            }

            damaged(path, fault!);
        }

        return null;
    }

    /// <summary>Steps of the newest checkpoint, whole, damaged or set aside; -1 where there is none.</summary>
    /// <param name="folder">The folder of the checkpoints.</param>
    internal static long NewestStep(string folder)
        => Folders(folder).Concat(Folders(folder, Damaged)).Select(f => f.Step).DefaultIfEmpty(-1).Max();

    /// <summary>Loads weights and moments.</summary>
    /// <exception cref="SafetensorsException">They are not of this model.</exception>
    internal static void Load(Checkpoint checkpoint, ParameterSet parameters, AdamW optimizer)
    {
        using (SafetensorsFile model = SafetensorsFile.Open(checkpoint.ModelPath))
        {
            TensorTransfer.Load(model, parameters.Device, parameters.Stored());
        }

        using SafetensorsFile moments = SafetensorsFile.Open(Path.Join(checkpoint.Path, OptimizerName));
        TensorTransfer.Load(moments, parameters.Device, Moments(parameters, optimizer));
        optimizer.Steps = checkpoint.State.Step;
    }

    /// <summary>Deletes all but the newest <paramref name="keep"/>.</summary>
    internal void Prune(int keep)
    {
        string[] readable = [.. Folders().Select(f => f.Path).Where(IsReadable)];
        foreach (string path in readable.SkipLast(keep))
        {
            _storage.Delete(path);
        }
    }

    /// <summary>Deletes all after a step that training was rolled back to.</summary>
    internal void DeleteAfter(long step)
    {
        foreach ((string path, _) in Folders().Where(f => f.Step > step).ToArray())
        {
            _storage.Delete(path);
        }
    }

    /// <summary>Renames a damaged checkpoint, so that it is in nobody's way and a person can still look at it.</summary>
    /// <returns>Its new path.</returns>
    internal string SetAside(string path)
    {
        string name = Path.Join(_folder, Damaged + Path.GetFileName(path)), free = name;
        for (int copy = 2; Directory.Exists(free); copy++)
        {
            free = string.Create(CultureInfo.InvariantCulture, $"{name}-{copy}");
        }

        _storage.Change(path, () => Directory.Move(path, free));
        return free;
    }

    // One that cannot be read is in nobody's way.
    private static bool IsReadable(string path)
    {
        try
        {
            return Read(path, out _, verify: false) != null;
        }
        catch (RunException)
        {
            return false;
        }
    }

    private static IEnumerable<(string Name, Shape Shape, Engine.Memory.DeviceSpan<float> Values)> Moments(ParameterSet parameters, AdamW optimizer)
        => parameters.Stored(optimizer.FirstMoments).Select(t => (FirstMoment + t.Name, t.Shape, t.Values))
            .Concat(parameters.Stored(optimizer.SecondMoments).Select(t => (SecondMoment + t.Name, t.Shape, t.Values)));

    /// <summary>Null with what is wrong where the files are not what was written. Whatever else keeps it from being read may
    /// pass, and stops the run instead of costing it a checkpoint.</summary>
    private static Checkpoint? Read(string path, out string? fault, bool verify = true)
    {
        try
        {
            CheckpointRecord record = ReadRecord(path);
            fault = verify ? record.Files.Select(file => Fault(path, file.Key, file.Value)).FirstOrDefault(f => f != null) : null;
            return fault != null ? null
                : new Checkpoint(path, record.State.Step, record.State) { EventBytes = record.EventBytes };
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            fault = $"{StateName} is missing or cut short: {e.Message}";
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunException(path, $"cannot be read: {e.Message}. Nothing was changed: mend that, and resume", e);
        }
    }

    private static CheckpointRecord ReadRecord(string path)
    {
        CheckpointRecord record = JsonSerializer.Deserialize(File.ReadAllBytes(Path.Join(path, StateName)), RunJson.Default.CheckpointRecord)
            ?? throw new JsonException("it is null");
        if (record.Format != CheckpointRecord.CurrentFormat)
        {
            throw new RunException(path, $"has format {record.Format}, and this version reads {CheckpointRecord.CurrentFormat}; "
                + "resume with the version that wrote it. Nothing was changed");
        }

        return record is { State: not null, Files: not null } ? record : throw new JsonException("its state or its list of files is null");
    }

    private void Write(string folder, CheckpointRecord record)
        => _storage.WriteFile(Path.Join(folder, StateName), Bytes(record));

    private static byte[] Bytes(CheckpointRecord record) => JsonSerializer.SerializeToUtf8Bytes(record, RunJson.Default.CheckpointRecord);

    private static string? Fault(string folder, string name, FileRecord expected)
    {
        string path = Path.Join(folder, name);
        if (!File.Exists(path))
        {
            return $"{name} is missing";
        }

        long bytes = new FileInfo(path).Length;
        if (bytes != expected.Bytes)
        {
            return $"{name} holds {bytes} bytes; expected {expected.Bytes}";
        }

        return Describe(path) == expected ? null : $"{name} is not what was written: its SHA-256 differs";
    }

    private static FileRecord Describe(string path)
    {
        using FileStream file = File.OpenRead(path);
        return new FileRecord(file.Length, Convert.ToHexStringLower(SHA256.HashData(file)));
    }

    private IEnumerable<(string Path, long Step)> Folders() => Folders(_folder);

    private static IEnumerable<(string Path, long Step)> Folders(string folder, string before = "")
        => Directory.Exists(folder)
            ? Directory.EnumerateDirectories(folder, $"{before}{Prefix}*")
                .Select(path => (Path: path, Step: StepOf(path, before.Length + Prefix.Length))).Where(f => f.Step >= 0).OrderBy(f => f.Step)
            : [];

    private static long StepOf(string path, int begin)
        => long.TryParse(Path.GetFileName(path).AsSpan(begin), NumberStyles.None, CultureInfo.InvariantCulture, out long step)
            ? step : -1;
}
