namespace Espalier.Engine.Random;

/// <summary>
/// A sequence of random numbers on the host, addressed by (seed, stream): two streams of one seed never overlap.
/// For initial weights, shuffles and masks; kernels draw their own numbers (see <see cref="DropoutMask"/>).
/// </summary>
public sealed class RandomStream(ulong seed, uint stream)
{
    private ulong _counter;
    private (uint W0, uint W1, uint W2, uint W3) _words;
    private int _left;

    /// <summary>How many words have been drawn; setting it continues a stream from there.</summary>
    public ulong Position
    {
        get => (_counter * 4) - (ulong)_left;
        set
        {
            _counter = value / 4;
            _left = 0;
            for (ulong i = 0; i < value % 4; i++)
            {
                NextUInt32();
            }
        }
    }

    /// <summary>A word, all values equally likely.</summary>
    public uint NextUInt32()
    {
        if (_left == 0)
        {
            _words = Philox.Draw((uint)_counter, (uint)(_counter >> 32), 0, stream, seed);
            _counter++;
            _left = 4;
        }

        return _left-- switch
        {
            4 => _words.W0,
            3 => _words.W1,
            2 => _words.W2,
            _ => _words.W3,
        };
    }

    /// <summary>A number in [0, 1), in steps of 2⁻²⁴.</summary>
    public float NextSingle() => (NextUInt32() >> 8) * (1f / (1 << 24));

    /// <summary>A number from the normal distribution with mean 0 and deviation 1 (Box and Muller 1958).</summary>
    public float NextNormal()
    {
        double radius = Math.Sqrt(-2 * Math.Log((NextUInt32() + 1.0) / 4294967296.0));
        return (float)(radius * Math.Cos(2 * Math.PI * (NextUInt32() / 4294967296.0)));
    }
}
