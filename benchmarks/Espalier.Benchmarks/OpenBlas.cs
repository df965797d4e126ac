using System.Runtime.InteropServices;

namespace Espalier.Benchmarks;

/// <summary>OpenBLAS, the peer for matrix products, when the machine has it; our engine never calls it.</summary>
internal sealed unsafe class OpenBlas
{
    private static readonly string[] _names =
    [
        "openblas-pthread/libopenblas.so.0", "libopenblas.so.0", "libopenblas.so", "libopenblas.dylib", "libopenblas.dll",
    ];

    private readonly delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void> _gemm;
    private readonly delegate* unmanaged<int, void> _setThreads;

    private OpenBlas(nint library)
    {
        _gemm = (delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void>)
            NativeLibrary.GetExport(library, "cblas_sgemm");
        _setThreads = (delegate* unmanaged<int, void>)NativeLibrary.GetExport(library, "openblas_set_num_threads");
    }

    /// <summary>The library, or null where it is not installed.</summary>
    public static OpenBlas? TryLoad()
    {
        string[] folders = ["/usr/lib/x86_64-linux-gnu/", "/usr/lib/aarch64-linux-gnu/", string.Empty];
        foreach (string path in folders.SelectMany(f => _names.Select(n => f + n)))
        {
            if (NativeLibrary.TryLoad(path, out nint library))
            {
                return new OpenBlas(library);
            }
        }

        return null;
    }

    public void SetThreads(int threads) => _setThreads(threads);

    /// <summary>C = op(A)·op(B), row-major.</summary>
    public void Gemm(bool transposeA, bool transposeB, int m, int n, int k, float* a, int lda, float* b, int ldb, float* c, int ldc)
    {
        const int RowMajor = 101, Plain = 111, Transposed = 112;
        _gemm(RowMajor, transposeA ? Transposed : Plain, transposeB ? Transposed : Plain, m, n, k, 1, a, lda, b, ldb, 0, c, ldc);
    }
}
