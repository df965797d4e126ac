using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>
/// Copies of matrix blocks in the order in which tiles read them. A block of B becomes panels of as many columns as a tile
/// has, each panel row after row of k; columns beyond the matrix are zero.
/// </summary>
internal static unsafe class Packing
{
    private const int TransposeStretch = 64;

    /// <summary>Packs k × n elements of B, stored by rows of k: element (p, j) at b + p·ld + j.</summary>
    public static void PackB(int k, int n, float* b, nint ld, int panelColumns, float* packed)
    {
        for (int j = 0; j < n; j += panelColumns)
        {
            int columns = Math.Min(panelColumns, n - j);
            for (int p = 0; p < k; p++, packed += panelColumns)
            {
                CopyPadded(b + (p * ld) + j, columns, panelColumns, packed);
            }
        }
    }

    /// <summary>Packs k × n elements of B, stored by columns: element (p, j) at b + j·ld + p.</summary>
    public static void PackBTransposed(int k, int n, float* b, nint ld, int panelColumns, float* packed)
    {
        for (int j = 0; j < n; j += panelColumns)
        {
            int columns = Math.Min(panelColumns, n - j);

            // In short stretches of k: what is written then stays in the first-level cache until its lines are full.
            for (int p = 0; p < k; p += TransposeStretch)
            {
                TransposeBlock(
                    columns, Math.Min(TransposeStretch, k - p), b + (j * ld) + p, ld, packed + (p * panelColumns), panelColumns);
            }

            if (columns < panelColumns)
            {
                for (int p = 0; p < k; p++)
                {
                    new Span<float>(packed + (p * panelColumns) + columns, panelColumns - columns).Clear();
                }
            }

            packed += (nint)k * panelColumns;
        }
    }

    /// <summary>
    /// Packs rows × k elements of A, stored by rows: panels of <paramref name="panelRows"/> rows of k, the last one filled
    /// up with zero rows.
    /// </summary>
    public static void PackA(int rows, int panelRows, int k, float* a, nint ld, float* packed)
    {
        for (int i = 0; i < rows; i++)
        {
            Unsafe.CopyBlockUnaligned(packed + ((nint)i * k), a + (i * ld), (uint)k * sizeof(float));
        }

        int missing = (panelRows - (rows % panelRows)) % panelRows;
        new Span<float>(packed + ((nint)rows * k), missing * k).Clear();
    }

    /// <summary>
    /// Packs rows × k elements of A, stored by columns (element (i, p) at a + p·ld + i): panels of k times
    /// <paramref name="panelRows"/> elements, the last one filled up with zeros. All panels advance together, so that
    /// each line of A is read once.
    /// </summary>
    public static void PackATransposed(int rows, int panelRows, int k, float* a, nint ld, float* packed)
    {
        nint panel = (nint)k * panelRows;
        for (int p = 0; p < k; p++, a += ld, packed += panelRows)
        {
            float* target = packed;
            int i = 0;
            for (; i + panelRows <= rows; i += panelRows, target += panel)
            {
                CopyPadded(a + i, panelRows, panelRows, target);
            }

            if (i < rows)
            {
                CopyPadded(a + i, rows - i, panelRows, target);
            }
        }
    }

    // A row that is no multiple of a vector ends with one that overlaps the one before: no loop over single elements.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyPadded(float* source, int count, int padded, float* target)
    {
        if (count >= 8)
        {
            for (int i = 0; i < count - 8; i += 8)
            {
                Vector256.Load(source + i).Store(target + i);
            }

            Vector256.Load(source + count - 8).Store(target + count - 8);
        }
        else if (count >= 4)
        {
            Vector128.Load(source).Store(target);
            Vector128.Load(source + count - 4).Store(target + count - 4);
        }
        else
        {
            for (int i = 0; i < count; i++)
            {
                target[i] = source[i];
            }
        }

        for (int i = count; i < padded; i++)
        {
            target[i] = 0;
        }
    }

    /// <summary>target (columns × rows) = source (rows × columns), in squares of eight or four where shuffles are to be had.</summary>
    internal static void TransposeBlock(int rows, int columns, float* source, nint ldSource, float* target, nint ldTarget)
    {
        int i = 0;
        for (; Avx.IsSupported && i + 8 <= rows; i += 8)
        {
            float* s = source + (i * ldSource);
            float* t = target + i;
            int p = 0;
            for (; p + 8 <= columns; p += 8, s += 8, t += 8 * ldTarget)
            {
                TransposeEight(s, ldSource, t, ldTarget);
            }

            TransposePlain(8, columns - p, s, ldSource, t, ldTarget);
        }

        for (; Sse.IsSupported && i + 4 <= rows; i += 4)
        {
            float* s = source + (i * ldSource);
            float* t = target + i;
            int p = 0;
            for (; p + 4 <= columns; p += 4, s += 4, t += 4 * ldTarget)
            {
                TransposeFour(s, ldSource, t, ldTarget);
            }

            TransposePlain(4, columns - p, s, ldSource, t, ldTarget);
        }

        TransposePlain(rows - i, columns, source + (i * ldSource), ldSource, target + i, ldTarget);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeFour(float* source, nint ldSource, float* target, nint ldTarget)
    {
        Vector128<float> r0 = Vector128.Load(source), r1 = Vector128.Load(source + ldSource);
        Vector128<float> r2 = Vector128.Load(source + (2 * ldSource)), r3 = Vector128.Load(source + (3 * ldSource));
        Vector128<float> low01 = Sse.UnpackLow(r0, r1), low23 = Sse.UnpackLow(r2, r3);
        Vector128<float> high01 = Sse.UnpackHigh(r0, r1), high23 = Sse.UnpackHigh(r2, r3);
        Sse.MoveLowToHigh(low01, low23).Store(target);
        Sse.MoveHighToLow(low23, low01).Store(target + ldTarget);
        Sse.MoveLowToHigh(high01, high23).Store(target + (2 * ldTarget));
        Sse.MoveHighToLow(high23, high01).Store(target + (3 * ldTarget));
    }

    // Halves of rows 0-3 beside those of rows 4-7, so that four-by-four shuffles within each half finish the work.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeEight(float* source, nint ldSource, float* target, nint ldTarget)
    {
        float* below = source + (4 * ldSource);
        for (int half = 0; half < 2; half++, source += 4, below += 4, target += 4 * ldTarget)
        {
            Vector256<float> r0 = Vector256.Create(Vector128.Load(source), Vector128.Load(below));
            Vector256<float> r1 = Vector256.Create(Vector128.Load(source + ldSource), Vector128.Load(below + ldSource));
            Vector256<float> r2 = Vector256.Create(Vector128.Load(source + (2 * ldSource)), Vector128.Load(below + (2 * ldSource)));
            Vector256<float> r3 = Vector256.Create(Vector128.Load(source + (3 * ldSource)), Vector128.Load(below + (3 * ldSource)));
            Vector256<float> low01 = Avx.UnpackLow(r0, r1), low23 = Avx.UnpackLow(r2, r3);
            Vector256<float> high01 = Avx.UnpackHigh(r0, r1), high23 = Avx.UnpackHigh(r2, r3);
            Avx.Shuffle(low01, low23, 0b01_00_01_00).Store(target);
            Avx.Shuffle(low01, low23, 0b11_10_11_10).Store(target + ldTarget);
            Avx.Shuffle(high01, high23, 0b01_00_01_00).Store(target + (2 * ldTarget));
            Avx.Shuffle(high01, high23, 0b11_10_11_10).Store(target + (3 * ldTarget));
        }
    }

    private static void TransposePlain(int rows, int columns, float* source, nint ldSource, float* target, nint ldTarget)
    {
        for (int i = 0; i < rows; i++)
        {
            for (int p = 0; p < columns; p++)
            {
                target[(p * ldTarget) + i] = source[(i * ldSource) + p];
            }
        }
    }
}
