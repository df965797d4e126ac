using Espalier.Engine.Memory;

namespace Espalier.Engine.Autograd;

/// <summary>Where the sequences of an unpadded batch begin.</summary>
/// <param name="Offsets">B + 1 rows, ascending: sequence b is rows Offsets[b] … Offsets[b + 1].</param>
/// <param name="Count">B.</param>
/// <param name="Longest">Tokens of the longest sequence.</param>
public readonly record struct Sequences(DeviceSpan<int> Offsets, int Count, int Longest)
{
    /// <summary>Checks offsets on the host and copies them to the device.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="offsets">B + 1 offsets from 0 to <paramref name="tokens"/>, ascending.</param>
    /// <param name="tokens">Tokens of the batch.</param>
    /// <exception cref="ArgumentException">They do not begin at 0, do not ascend or do not end at the number of tokens.</exception>
    public static Sequences Upload(Tape tape, ReadOnlySpan<int> offsets, int tokens)
    {
        if (offsets.Length == 0)
        {
            throw new ArgumentException("there are no offsets; expected 0, then the end of each sequence");
        }

        if (offsets[0] != 0 || offsets[^1] != tokens)
        {
            throw new ArgumentException($"offsets run from {offsets[0]} to {offsets[^1]}; expected 0 to the batch's {tokens} tokens");
        }

        int longest = 0;
        for (int b = 0; b + 1 < offsets.Length; b++)
        {
            int length = offsets[b + 1] - offsets[b];
            if (length < 0)
            {
                throw new ArgumentException($"offsets descend from {offsets[b]} to {offsets[b + 1]} at sequence {b}");
            }

            longest = Math.Max(longest, length);
        }

        return new Sequences(tape.Upload(offsets), offsets.Length - 1, longest);
    }
}
