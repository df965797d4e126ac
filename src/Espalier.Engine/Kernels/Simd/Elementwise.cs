using System.Runtime.CompilerServices;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>A function from vectors to a vector, element by element.</summary>
internal interface IBinaryFunction<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
    /// <summary>The result for one vector of each operand.</summary>
    static abstract TLanes Apply(TLanes a, TLanes b);
}

/// <summary>Loops over a stretch of floats: whole vectors, then a rest of less than a vector through a small buffer.</summary>
internal static unsafe class Elementwise<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
    public static void Add(int count, float* a, float* b, float* y) => Map<AddFunction>(count, a, b, y);

    public static void Multiply(int count, float* a, float* b, float* y) => Map<MultiplyFunction>(count, a, b, y);

    /// <summary>y += a·b by element.</summary>
    public static void MultiplyAdd(int count, float* a, float* b, float* y)
    {
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            TLanes.MultiplyAdd(TLanes.Load(a + i), TLanes.Load(b + i), TLanes.Load(y + i)).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] += a[i] * b[i];
        }
    }

    /// <summary>y += a·b, with one number a.</summary>
    public static void AddScaled(int count, float a, float* b, float* y)
    {
        TLanes factor = TLanes.All(a);
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            TLanes.MultiplyAdd(factor, TLanes.Load(b + i), TLanes.Load(y + i)).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] += a * b[i];
        }
    }

    /// <summary>y = a·b, with one number a.</summary>
    public static void Scale(int count, float a, float* b, float* y)
    {
        TLanes factor = TLanes.All(a);
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            (factor * TLanes.Load(b + i)).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] = a * b[i];
        }
    }

    /// <summary>y = y·factor + shift.</summary>
    public static void ScaleAndShift(int count, float factor, float shift, float* y)
    {
        TLanes a = TLanes.All(factor), b = TLanes.All(shift);
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            TLanes.MultiplyAdd(a, TLanes.Load(y + i), b).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] = (y[i] * factor) + shift;
        }
    }

    /// <summary>Reads the last <paramref name="count"/> floats (fewer than a vector) and fills up with <paramref name="rest"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static TLanes LoadPart(float* source, int count, float rest)
    {
        float* whole = stackalloc float[16];
        for (int i = 0; i < TLanes.Count; i++)
        {
            whole[i] = i < count ? source[i] : rest;
        }

        return TLanes.Load(whole);
    }

    /// <summary>Writes the first <paramref name="count"/> lanes (fewer than a vector).</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void StorePart(TLanes value, float* target, int count)
    {
        float* whole = stackalloc float[16];
        value.Store(whole);
        for (int i = 0; i < count; i++)
        {
            target[i] = whole[i];
        }
    }

    private static void Map<TFunction>(int count, float* a, float* b, float* y)
        where TFunction : struct, IBinaryFunction<TLanes>
    {
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            TFunction.Apply(TLanes.Load(a + i), TLanes.Load(b + i)).Store(y + i);
        }

        if (i < count)
        {
            int rest = count - i;
            StorePart(TFunction.Apply(LoadPart(a + i, rest, 0), LoadPart(b + i, rest, 0)), y + i, rest);
        }
    }

    private readonly struct AddFunction : IBinaryFunction<TLanes>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TLanes Apply(TLanes a, TLanes b) => a + b;
    }

    private readonly struct MultiplyFunction : IBinaryFunction<TLanes>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TLanes Apply(TLanes a, TLanes b) => a * b;
    }
}
