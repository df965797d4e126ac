using Espalier.Engine.Memory;
using Espalier.Engine.Threading;

namespace Espalier.Engine.Kernels.Simd;

internal sealed unsafe partial class SimdKernels<TLanes, TTile>
{
    public void EmbeddingGather(DeviceSpan<int> ids, DeviceSpan<int> places, int columns, DeviceSpan<float> table,
        DeviceSpan<float> positions, float scale, DeviceSpan<float> y)
    {
        KernelChecks.EmbeddingGather(ids, places, columns, table, positions, y);
        RunDivided(
            new GatherJob
            {
                Columns = columns,
                Ids = ids.Pointer,
                Places = places.IsEmpty ? null : places.Pointer,
                Table = table.Pointer,
                Positions = positions.Pointer,
                Scale = scale,
                Y = y.Pointer,
            },
            (int)ids.Length,
            ids.Length * columns);
    }

    public void EmbeddingScatterAdd(DeviceSpan<int> ids, int columns, DeviceSpan<float> dy, float scale, DeviceSpan<float> dTable)
    {
        KernelChecks.EmbeddingScatterAdd(ids, columns, dy, dTable);
        ScatterAdd(ids, columns, dy, scale, dTable);
    }

    public void GatherRows(DeviceSpan<int> rows, int columns, DeviceSpan<float> x, DeviceSpan<float> y)
    {
        KernelChecks.GatherRows(rows, columns, x, y);
        RunDivided(
            new GatherJob { Columns = columns, Ids = rows.Pointer, Table = x.Pointer, Scale = 1, Y = y.Pointer },
            (int)rows.Length,
            rows.Length * columns);
    }

    public void CopyRows(DeviceSpan<int> from, DeviceSpan<int> to, int columns, DeviceSpan<float> x, DeviceSpan<float> y)
    {
        KernelChecks.CopyRows(from, to, columns, x, y);
        RunDivided(
            new CopyJob { Columns = columns, From = from.Pointer, To = to.Pointer, X = x.Pointer, Y = y.Pointer },
            (int)from.Length,
            from.Length * columns);
    }

    public void ScatterAddRows(DeviceSpan<int> rows, int columns, DeviceSpan<float> x, DeviceSpan<float> y)
    {
        KernelChecks.ScatterAddRows(rows, columns, x, y);
        ScatterAdd(rows, columns, x, 1, y);
    }

    public void SumRows(int rows, int columns, DeviceSpan<float> x, DeviceSpan<float> sums, bool accumulate)
    {
        KernelChecks.SumRows(rows, columns, x, sums);
        Run(
            new SumRowsJob { Rows = rows, Columns = columns, X = x.Pointer, Sums = sums.Pointer, Accumulate = accumulate },
            (long)rows * columns);
    }

    private void ScatterAdd(DeviceSpan<int> rows, int columns, DeviceSpan<float> x, float scale, DeviceSpan<float> y)
        => Run(
            new ScatterJob { Count = (int)rows.Length, Columns = columns, Ids = rows.Pointer, X = x.Pointer, Scale = scale, Y = y.Pointer },
            rows.Length * columns);

    private struct GatherJob : IDividedJob
    {
        public int Columns;
        public int* Ids, Places;
        public float* Table, Positions, Y;
        public float Scale;

        public readonly void Run(int worker, int begin, int end)
        {
            for (int i = begin; i < end; i++)
            {
                float* y = Y + (i * (nint)Columns);
                Elementwise<TLanes>.Scale(Columns, Scale, Table + (Ids[i] * (nint)Columns), y);
                if (Places != null)
                {
                    Elementwise<TLanes>.Add(Columns, y, Positions + (Places[i] * (nint)Columns), y);
                }
            }
        }
    }

    private struct CopyJob : IDividedJob
    {
        public int Columns;
        public int* From, To;
        public float* X, Y;

        public readonly void Run(int worker, int begin, int end)
        {
            for (int i = begin; i < end; i++)
            {
                float* x = X + (From[i] * (nint)Columns), y = Y + (To[i] * (nint)Columns);
                new Span<float>(x, Columns).CopyTo(new Span<float>(y, Columns));
            }
        }
    }

    // Split by columns: rows with the same index meet in one worker, in the order of the batch.
    private struct ScatterJob : IParallelJob
    {
        public int Count, Columns;
        public int* Ids;
        public float* X, Y;
        public float Scale;

        public readonly void Run(int worker, int workers)
        {
            (int begin, int end) = WorkerTeam.Part(Columns, worker, workers, 16);
            for (int i = 0; begin < end && i < Count; i++)
            {
                Elementwise<TLanes>.AddScaled(
                    end - begin, Scale, X + (i * (nint)Columns) + begin, Y + (Ids[i] * (nint)Columns) + begin);
            }
        }
    }

    private struct SumRowsJob : IParallelJob
    {
        public int Rows, Columns;
        public float* X, Sums;
        public bool Accumulate;

        public readonly void Run(int worker, int workers)
        {
            (int begin, int end) = WorkerTeam.Part(Columns, worker, workers, 16);
            if (begin >= end)
            {
                return;
            }

            if (!Accumulate)
            {
                new Span<float>(Sums + begin, end - begin).Clear();
            }

            for (int row = 0; row < Rows; row++)
            {
                Elementwise<TLanes>.Add(end - begin, Sums + begin, X + (row * (nint)Columns) + begin, Sums + begin);
            }
        }
    }
}
