using System.Runtime.InteropServices;
using Espalier.Text.Files;

namespace Espalier.Text.Tokenization;

/// <summary>Receives ids of a line, of a very long one in several parts.</summary>
/// <param name="ids">The next ids; valid during the call.</param>
/// <param name="endsLine">Whether the line ends with them.</param>
public delegate void LineIds(ReadOnlySpan<int> ids, bool endsLine);

/// <summary>What was encoded.</summary>
/// <param name="Lines">Lines.</param>
/// <param name="Bytes">Bytes of text.</param>
/// <param name="Tokens">Ids.</param>
/// <param name="Warnings">Odd things in the text, and where the first of each stands.</param>
public sealed record EncodedCount(long Lines, long Bytes, long Tokens, IReadOnlyList<Warning> Warnings);

/// <summary>
/// Encodes text line by line in bounded memory, whatever the length of its lines. Where a line goes on for four megabytes
/// with no single space between two words, it is cut all the same, and the word at the cut may get other ids.
/// </summary>
public static class LineEncoder
{
    /// <summary>Encodes every line of <paramref name="text"/>, without its line feed.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="text">UTF-8 text; bytes that are not are encoded as they are.</param>
    /// <param name="name">The name of the text in warnings.</param>
    /// <param name="sink">Receives the ids.</param>
    /// <param name="cancel">Ends the work early.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static EncodedCount Encode(Tokenizer tokenizer, Stream text, string name, LineIds sink, CancellationToken cancel = default)
    {
        var ids = new List<int>();
        (long lines, long bytes, long tokens, bool open) = (0, 0, 0, false);
        var defects = new TextDefects();
        var empty = new Tally("empty files");
        foreach (TextBlock block in TextBlocks.Read(text, name))
        {
            cancel.ThrowIfCancellationRequested();
            bytes += block.Length;
            ReadOnlySpan<byte> rest = block.Text;
            defects.CheckLines(rest, name, block.FirstLine);
            while (!rest.IsEmpty)
            {
                int end = rest.IndexOf((byte)'\n');
                ReadOnlySpan<byte> line = end < 0 ? rest : rest[..end];
                rest = end < 0 ? [] : rest[(end + 1)..];
                ids.Clear();
                if (open)
                    tokenizer.EncodeRest(line, ids);
                else
                    tokenizer.Encode(line, ids);
                open = end < 0;
                sink(CollectionsMarshal.AsSpan(ids), endsLine: !open);
                tokens += ids.Count;
                lines += open ? 0 : 1;
            }
        }
        if (open)
        {
            sink([], endsLine: true);
            lines++;
        }
        if (bytes == 0)
            empty.Add(name, 1);
        return new EncodedCount(lines, bytes, tokens, [.. defects.Warnings, .. Tally.Warnings(empty)]);
    }
}
