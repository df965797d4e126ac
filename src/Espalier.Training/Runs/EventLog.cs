using System.Text.Json;
using Espalier.Training.Timing;

namespace Espalier.Training.Runs;

/// <summary>
/// <c>events.jsonl</c>: one JSON object a line, only ever appended to while a run goes on. A checkpoint remembers how long
/// it was; who resumes from there cuts it back, torn last line and all, so that it reads as one history.
/// </summary>
public sealed class EventLog : IDisposable
{
    private readonly string _path;
    private readonly RunStorage _storage;
    private FileStream? _file;

    // All but lines of steps, of which there is one a second; null until it is asked for.
    private List<TrainingEvent>? _history;

    internal EventLog(string path, RunStorage storage) => (_path, _storage) = (path, storage);

    /// <summary>Seconds of the evaluations of a log that have a certain metric, in their order.</summary>
    /// <param name="log">As <see cref="Read(string)"/> gives it.</param>
    /// <param name="metric">The metric, such as <c>BLEU</c>.</param>
    public static IReadOnlyList<double> EvaluationSeconds(IReadOnlyList<TrainingEvent> log, string metric) =>
    [
        .. Enumerable.Range(0, log.Count).Where(i => log[i].Event == "evaluation" && log[i].Evaluation?.Metric == metric)
            .Select(i => log[i].EvaluationSeconds - (i > 0 ? log[i - 1].EvaluationSeconds : 0)).Where(seconds => seconds > 0),
    ];

    /// <summary>Reads a log, also one that is being written or ends in a torn line, without the steps, evaluations and
    /// checkpoints that were rolled back.</summary>
    /// <exception cref="RunDamagedException">A line other than the last is no event.</exception>
    public static IReadOnlyList<TrainingEvent> Read(string path)
    {
        List<TrainingEvent> events = [];
        if (!File.Exists(path))
        {
            return events;
        }

        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        for (int line = 1; reader.ReadLine() is { } text; line++)
        {
            TrainingEvent? parsed;
            try
            {
                parsed = JsonSerializer.Deserialize(text, EventJson.Default.TrainingEvent);
            }
            catch (JsonException e)
            {
                if (reader.Peek() < 0)
                {
                    break;
                }

                throw new RunDamagedException(path, $"line {line} is no event: {e.Message}", e);
            }

            if (parsed != null)
            {
                Add(events, parsed);
            }
        }

        return events;
    }

    /// <summary>The last step timing of a log that had become stable, or where none had the last; null where there is none.</summary>
    /// <param name="path">The log.</param>
    /// <exception cref="RunDamagedException">A line other than the last is no event.</exception>
    public static StepTiming? TimingIn(string path)
    {
        StepTiming[] timings = [.. Read(path).Where(e => e.Timing != null).Select(e => e.Timing!)];
        return timings.LastOrDefault(t => t.Stable) ?? timings.LastOrDefault();
    }

    /// <inheritdoc cref="Read(string)"/>
    internal IReadOnlyList<TrainingEvent> Read() => Read(_path);

    /// <summary>The same without the lines of steps. It is read once, and then kept in step with what is appended: whoever evaluates often
    /// asks for it as often.</summary>
    /// <exception cref="RunDamagedException">A line other than the last is no event.</exception>
    internal IReadOnlyList<TrainingEvent> History() => _history ??= [.. Read().Where(e => e.Event != "step")];

    /// <summary>Appends an event and hands it to the operating system, so that it outlives the process.</summary>
    /// <exception cref="RunStorageException">The disk is full or failed, or the folder is read-only.</exception>
    public void Append(TrainingEvent entry)
    {
        _storage.Change(_path, () =>
        {
            FileStream file = Open();
            _storage.Reached("appending", _path);
            file.Write([.. JsonSerializer.SerializeToUtf8Bytes(entry, EventJson.Default.TrainingEvent), (byte)'\n']);
        });
        if (_history != null && entry.Event != "step")
        {
            // As it would be read: without the parts.
            Add(_history, entry with { Evaluation = entry.Evaluation == null ? null : entry.Evaluation with { Parts = null } });
        }
    }

    /// <inheritdoc cref="TimingIn(string)"/>
    internal StepTiming? Timing() => TimingIn(_path);

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    /// <summary>Flushes to the disk and returns the length in bytes.</summary>
    internal long Flush()
    {
        long length = 0;
        _storage.Change(_path, () =>
        {
            Open().Flush(flushToDisk: true);
            length = Open().Length;
        });
        return length;
    }

    /// <summary>Cuts the log back to what a checkpoint knows of, or to its last whole line if it is shorter.</summary>
    internal void CutBack(long length) => _storage.Change(_path, () =>
    {
        FileStream file = Open();
        file.SetLength(Math.Min(length, WholeLines(file)));
        file.Seek(0, SeekOrigin.End);
        _history = null;
    });

    private static void Add(List<TrainingEvent> events, TrainingEvent entry)
    {
        if (entry.Event == "rolled-back")
        {
            // What training did in between is void; that it diverged, stood still or passed something over is not.
            events.RemoveAll(e => e.Step > entry.Step && e.Event is ("step" or "evaluation" or "checkpoint"));
        }

        events.Add(entry);
    }

    private static long WholeLines(FileStream file)
    {
        long end = file.Length;
        for (; end > 0; end--)
        {
            file.Seek(end - 1, SeekOrigin.Begin);
            if (file.ReadByte() == '\n')
            {
                break;
            }
        }

        return end;
    }

    private FileStream Open()
    {
        if (_file == null)
        {
            // Without a buffer: what a full disk refused would be tried again when the log is closed, and hide why it was refused.
            _file = new FileStream(_path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            _file.Seek(0, SeekOrigin.End);
        }

        return _file;
    }
}
