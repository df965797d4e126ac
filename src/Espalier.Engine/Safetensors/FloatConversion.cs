using System.Runtime.InteropServices;

namespace Espalier.Engine.Safetensors;

/// <summary>Stored little-endian floats to <see cref="float"/>, on the little-endian CPUs that the engine runs on.</summary>
internal static class FloatConversion
{
    /// <summary>Whether <see cref="ToSingle"/> knows <paramref name="dtype"/>.</summary>
    public static bool Supports(Dtype dtype) => dtype is Dtype.F16 or Dtype.BF16 or Dtype.F32 or Dtype.F64;

    /// <summary>
    /// Overwrites <paramref name="destination"/> with the elements in <paramref name="source"/>, which holds as many. F64 is
    /// rounded to nearest; the others are exact.
    /// </summary>
    public static void ToSingle(Dtype dtype, ReadOnlySpan<byte> source, Span<float> destination)
    {
        switch (dtype)
        {
            case Dtype.F32:
                source.CopyTo(MemoryMarshal.AsBytes(destination));
                break;
            case Dtype.F16:
                ReadOnlySpan<Half> halves = MemoryMarshal.Cast<byte, Half>(source);
                for (int i = 0; i < destination.Length; i++)
                {
                    destination[i] = (float)halves[i];
                }

                break;
            case Dtype.BF16:
                ReadOnlySpan<ushort> uppers = MemoryMarshal.Cast<byte, ushort>(source);
                for (int i = 0; i < destination.Length; i++)
                {
                    destination[i] = BitConverter.UInt32BitsToSingle((uint)uppers[i] << 16);
                }

                break;
            case Dtype.F64:
                ReadOnlySpan<double> doubles = MemoryMarshal.Cast<byte, double>(source);
                for (int i = 0; i < destination.Length; i++)
                {
                    destination[i] = (float)doubles[i];
                }

                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "Not a float that converts to single precision.");
        }
    }
}
