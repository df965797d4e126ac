using Espalier.Text.Files;

namespace Espalier.Text.Tokenization;

/// <summary>
/// Counts words over a stream of blocks: several threads count a block each, and their counts are added in the order of
/// the blocks, so that what is remembered and what is forgotten does not depend on the threads.
/// </summary>
internal sealed class WordCounter(BpeTrainerOptions options, CancellationToken cancel)
{
    // A longer word is counted in pieces; it is no word, and would cost as much as thousands of them.
    private const int LongestWord = 256;

    // Together with the limit on words this bounds what learning the merges needs later: about ten bytes for each.
    private const int MaximumWordBytes = 32 << 20;

    private readonly WordTable _total = new();
    private readonly Stack<WordTable> _spare = new();
    private readonly Queue<Task<Counted>> _running = new();
    private readonly TextDefects _defects = new();
    private readonly Tally _empty = new("empty files");
    private long _lines;
    private long _bytes;
    private long _words;
    private long _forgotten;

    private sealed record Counted(WordTable Words, long WordCount, long Lines, int Bytes, TextDefects Defects);

    public WordTable Words => _total;

    /// <summary>Counts one file; <paramref name="progress"/> hears the bytes consumed so far.</summary>
    public void CountFile(string file, Action<long> progress)
    {
        using InputFile input = InputFile.Open(file);
        (long before, bool open) = (_bytes, false);
        foreach (TextBlock block in TextBlocks.Read(input, file))
        {
            if (_running.Count >= options.Threads)
                Add(_running.Dequeue());
            Start(block, file);
            open = block.Text[^1] != '\n';
            progress(input.BytesConsumed);
        }
        while (_running.Count > 0)
            Add(_running.Dequeue());
        // The last line counts, though no line feed ends it.
        _lines += open ? 1 : 0;
        if (_bytes == before)
            _empty.Add(file, 1);
    }

    /// <summary>Counts lines in memory, of which no line feed ends the last.</summary>
    public void CountText(byte[] text)
    {
        if (_running.Count >= options.Threads)
            Add(_running.Dequeue());
        Start(new TextBlock(text, text.Length, 1), "text in memory");
        _lines++;
    }

    /// <summary>Waits for what still runs, and says what was counted.</summary>
    public CorpusCount Finish(int files)
    {
        while (_running.Count > 0)
            Add(_running.Dequeue());
        return new CorpusCount(files, _lines, _bytes, _words, _total.Count, _forgotten, [.. _defects.Warnings, .. Tally.Warnings(_empty)]);
    }

    private void Start(TextBlock block, string file)
    {
        cancel.ThrowIfCancellationRequested();
        WordTable words = _spare.TryPop(out WordTable? spare) ? spare : new WordTable();
        _running.Enqueue(Task.Run(() => Count(block, file, words)));
    }

    private void Add(Task<Counted> task)
    {
        Counted counted = task.GetAwaiter().GetResult();
        _total.Add(counted.Words);
        counted.Words.Clear();
        _spare.Push(counted.Words);
        _defects.Add(counted.Defects);
        (_lines, _bytes, _words) = (_lines + counted.Lines, _bytes + counted.Bytes, _words + counted.WordCount);
        if (_total.Count > options.MaximumDistinctWords || _total.ByteCount > MaximumWordBytes)
            _forgotten += _total.ForgetRarest(options.MaximumDistinctWords / 2, MaximumWordBytes / 2);
    }

    private static Counted Count(TextBlock block, string file, WordTable words)
    {
        ReadOnlySpan<byte> text = block.Text;
        (long count, long lines) = (0, 0);
        var defects = new TextDefects();
        defects.CheckLines(text, file, block.FirstLine);
        while (!text.IsEmpty)
        {
            int end = text.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? text : text[..end];
            text = end < 0 ? [] : text[(end + 1)..];
            count += CountLine(line.EndsWith("\r"u8) ? line[..^1] : line, words);
            lines += end < 0 ? 0 : 1;
        }
        return new Counted(words, count, lines, block.Length, defects);
    }

    private static long CountLine(ReadOnlySpan<byte> line, WordTable words)
    {
        long count = 0;
        while (!line.IsEmpty)
        {
            ReadOnlySpan<byte> word = line[..PreTokenizer.NextLength(line)];
            line = line[word.Length..];
            for (; !word.IsEmpty; count++)
            {
                int length = Math.Min(word.Length, LongestWord);
                words.Add(word[..length], 1);
                word = word[length..];
            }
        }
        return count;
    }
}
