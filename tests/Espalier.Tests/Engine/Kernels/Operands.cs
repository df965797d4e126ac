using System.Runtime.InteropServices;
using Espalier.Engine.Memory;
using Espalier.Engine.Random;

namespace Espalier.Tests.Engine.Kernels;

/// <summary>
/// The buffers of one case. A case asks for them one by one, always in the same order; the first run decides what they
/// hold, and every later run, wherever its buffers lie, begins with the same content.
/// </summary>
internal sealed unsafe class Operands
{
    /// <summary>What results hold before a kernel runs: a NaN that no computation gives, so that what is not written or
    /// is added to shows.</summary>
    private const int Unwritten = 0x7FC0DEAD;

    private readonly List<Operand> _operands = [];
    private readonly RandomStream _random = new(seed: 20, stream: 1);
    private GuardedPool? _pool;
    private int _next;

    /// <summary>Numbers equally likely in [low, high) that the kernel only reads.</summary>
    public DeviceSpan<float> Input(long count, float low = -1, float high = 1) => Take(null, count, 0, () => Uniform(count, low, high));

    /// <summary>Indices equally likely in [0, limit).</summary>
    public DeviceSpan<int> Indices(long count, int limit)
        => Take(null, count, 0, () =>
        {
            int[] indices = new int[count];
            foreach (ref int index in indices.AsSpan())
            {
                index = (int)(_random.NextUInt32() % (uint)limit);
            }

            return indices;
        });

    /// <summary>Given whole numbers.</summary>
    public DeviceSpan<int> Numbers(int[] values) => Take(null, values.Length, 0, () => values);

    /// <summary>Given bytes.</summary>
    public DeviceSpan<byte> Bytes(byte[] values) => Take(null, values.Length, 0, () => values);

    /// <summary>A result that the kernel overwrites.</summary>
    /// <param name="name">Its name in messages.</param>
    /// <param name="count">Elements.</param>
    /// <param name="magnitude">Size of the terms that are summed up in an element, which its rounding errors are
    /// proportional to; 0 if it must be exact.</param>
    public DeviceSpan<float> Output(string name, long count, double magnitude)
        => Take(name, count, magnitude, () =>
        {
            float[] nothing = new float[count];
            Array.Fill(nothing, BitConverter.Int32BitsToSingle(Unwritten));
            return nothing;
        });

    /// <summary>A result that the kernel reads and changes.</summary>
    public DeviceSpan<float> InOut(string name, long count, double magnitude, float low = -1, float high = 1)
        => Take(name, count, magnitude, () => Uniform(count, low, high));

    /// <summary>Gives every buffer its first content again, in the given pool.</summary>
    public void Restart(GuardedPool pool)
    {
        _pool = pool;
        _next = 0;
    }

    /// <summary>Copies of the results.</summary>
    /// <exception cref="InvalidOperationException">The kernel wrote into an input.</exception>
    public List<Result> Results()
    {
        List<Result> results = [];
        foreach (Operand operand in _operands)
        {
            var now = new ReadOnlySpan<byte>((void*)operand.Address, operand.Initial.Length);
            if (operand.Name is { } name)
            {
                results.Add(new Result(name, MemoryMarshal.Cast<byte, float>(now).ToArray(), operand.Magnitude));
            }
            else if (!now.SequenceEqual(operand.Initial))
            {
                throw new InvalidOperationException("an input was written to");
            }
        }

        return results;
    }

    /// <summary>True for what a kernel did not write.</summary>
    public static bool IsUnwritten(float value) => BitConverter.SingleToInt32Bits(value) == Unwritten;

    private DeviceSpan<T> Take<T>(string? name, long count, double magnitude, Func<T[]> content)
        where T : unmanaged
    {
        if (_next == _operands.Count)
        {
            _operands.Add(new Operand(name, MemoryMarshal.AsBytes<T>(content()).ToArray(), magnitude));
        }

        Operand operand = _operands[_next];
        operand.Address = _pool!.Place(_next++, operand.Initial.Length);
        operand.Initial.CopyTo(new Span<byte>((void*)operand.Address, operand.Initial.Length));
        return new DeviceSpan<T>(operand.Address, count);
    }

    private float[] Uniform(long count, float low, float high)
    {
        float[] numbers = new float[count];
        foreach (ref float number in numbers.AsSpan())
        {
            number = low + ((high - low) * _random.NextSingle());
        }

        return numbers;
    }

    /// <summary>What a kernel left in one of its results.</summary>
    internal sealed record Result(string Name, float[] Values, double Magnitude);

    private sealed record Operand(string? Name, byte[] Initial, double Magnitude)
    {
        public nint Address { get; set; }
    }
}
