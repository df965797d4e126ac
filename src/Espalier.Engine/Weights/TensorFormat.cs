using Espalier.Engine.Autograd;

namespace Espalier.Engine.Weights;

/// <summary>How the zeros of a tensor are left out.</summary>
public enum SparseLayout
{
    /// <summary>Every element is stored.</summary>
    None,

    /// <summary>A bit for each element says whether it is stored.</summary>
    Bitmask,

    /// <summary>For each stored element its distance from the one before; see <see cref="SparseIndex"/>.</summary>
    RelativeIndex,
}

/// <summary>How a tensor is stored: all that its bytes do not say.</summary>
/// <param name="Shape">Its size.</param>
/// <param name="Scheme">How it is quantized; null for float32.</param>
/// <param name="Layout">How its zeros are left out.</param>
/// <param name="IndexBits">Bits of a distance; 0 where there is no index.</param>
/// <param name="Stored">Elements that are stored.</param>
/// <param name="Distances">Numbers in the index.</param>
public sealed record TensorFormat(
    Shape Shape, QuantizationScheme? Scheme, SparseLayout Layout = SparseLayout.None, int IndexBits = 0, long Stored = 0, long Distances = 0)
{
    /// <summary>Bytes of codes, ranges and mask or index: what a file takes beside its header.</summary>
    public long Bytes => (Scheme is { } s ? BitPacking.Bytes(Stored, s.Bits) + (2 * sizeof(float) * s.Ranges(Shape)) : sizeof(float) * Stored)
        + Layout switch
        {
            SparseLayout.Bitmask => BitPacking.Bytes(Shape.Count, 1),
            SparseLayout.RelativeIndex => BitPacking.Bytes(Distances, IndexBits),
            _ => 0,
        };

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [.. Scheme?.Validate() ?? []];
        if (!Enum.IsDefined(Layout))
        {
            faults.Add($"layout {Layout}; expected {string.Join(", ", Enum.GetNames<SparseLayout>())}");
        }

        if (Shape.Rows < 1 || Shape.Columns < 1)
        {
            faults.Add($"shape {Shape}; expected rows and columns");
        }

        if (Stored < 0 || Stored > Shape.Count || (Layout == SparseLayout.None && Stored != Shape.Count))
        {
            faults.Add($"{Stored} stored elements of {Shape.Count}");
        }

        if (Layout == SparseLayout.RelativeIndex
            ? IndexBits is < SparseIndex.LeastBits or > SparseIndex.MostBits || Distances < Stored || Distances > Shape.Count
            : IndexBits != 0 || Distances != 0)
        {
            faults.Add($"{Distances} distances of {IndexBits} bits with layout {Layout}");
        }

        return faults;
    }

    /// <summary>The cheapest format of a tensor.</summary>
    /// <param name="shape">Its size.</param>
    /// <param name="scheme">How it is quantized; null for float32.</param>
    /// <param name="kept">True for each element that is not zero; empty where none need be left out.</param>
    public static TensorFormat Cheapest(Shape shape, QuantizationScheme? scheme, ReadOnlySpan<bool> kept)
    {
        var best = new TensorFormat(shape, scheme, Stored: shape.Count);
        if (kept.IsEmpty)
        {
            return best;
        }

        long stored = kept.Count(true);
        long[] distances = SparseIndex.Count(kept);
        TensorFormat[] sparse =
        [
            best with { Layout = SparseLayout.Bitmask, Stored = stored },
            .. distances.Select((count, i) => best with
            {
                Layout = SparseLayout.RelativeIndex, IndexBits = i + SparseIndex.LeastBits, Stored = stored, Distances = count,
            }),
        ];
        return sparse.Append(best).MinBy(format => format.Bytes)!;
    }
}
