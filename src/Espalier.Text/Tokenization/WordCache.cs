using System.Runtime.InteropServices;

namespace Espalier.Text.Tokenization;

/// <summary>
/// The ids of words met before, shared by all threads without a lock. A slot is written once and never replaced: when its
/// few slots are taken a word is merged anew each time, so that a long run neither grows nor makes garbage. Two threads
/// may write the same slot; either outcome is right.
/// </summary>
internal sealed class WordCache
{
    /// <summary>Longer words are too rare to keep.</summary>
    public const int LongestWord = 64;

    private const int SlotCount = 1 << 17;
    private const int Probes = 4;

    private readonly Entry?[] _slots = new Entry?[SlotCount + Probes];

    /// <summary>The ids of <paramref name="word"/>, or null when it is not known.</summary>
    public int[]? Find(ReadOnlySpan<byte> word, ulong hash)
    {
        ReadOnlySpan<Entry?> slots = _slots.AsSpan(Slot(hash), Probes);
        foreach (Entry? entry in slots)
        {
            if (entry is null)
                return null;
            if (entry.Hash == hash && word.SequenceEqual(entry.Word))
                return entry.Ids;
        }
        return null;
    }

    /// <summary>Keeps the ids of <paramref name="word"/> if there is room.</summary>
    public void Add(ReadOnlySpan<byte> word, ulong hash, ReadOnlySpan<int> ids)
    {
        int slot = Slot(hash);
        for (int probe = 0; probe < Probes; probe++)
        {
            if (_slots[slot + probe] is not null)
                continue;
            Volatile.Write(ref _slots[slot + probe], new Entry(hash, word.ToArray(), ids.ToArray()));
            return;
        }
    }

    /// <summary>A hash of up to a few dozen bytes; quality in the high bits.</summary>
    public static ulong Hash(ReadOnlySpan<byte> word)
    {
        ulong hash = (ulong)word.Length * 0x9E3779B97F4A7C15;
        while (word.Length >= 8)
        {
            hash = Mix(hash ^ MemoryMarshal.Read<ulong>(word));
            word = word[8..];
        }
        ulong tail = 0;
        foreach (byte value in word)
            tail = (tail << 8) | value;
        return Mix(hash ^ tail);
    }

    private static ulong Mix(ulong value)
    {
        value *= 0xD6E8FEB86659FD93;
        return value ^ (value >> 32);
    }

    private static int Slot(ulong hash) => (int)((hash * 0x9E3779B97F4A7C15) >> 47);

    private sealed record Entry(ulong Hash, byte[] Word, int[] Ids);
}
