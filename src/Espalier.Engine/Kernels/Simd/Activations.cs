using System.Runtime.CompilerServices;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>An activation with its derivative, which shares most of the work.</summary>
internal interface IActivation<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
    static abstract TLanes Apply(TLanes x, out TLanes derivative);
}

/// <summary>Activations over a stretch of floats.</summary>
internal static unsafe class Activations<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
    /// <summary>y = f(x), and f′(x) where <paramref name="derivative"/> is not null; y may be x.</summary>
    public static void Apply(Activation activation, int count, float* x, float* y, float* derivative)
    {
        switch (activation)
        {
            case Activation.Gelu: Map<Gelu>(count, x, y, derivative); break;
            case Activation.Relu: Map<Relu>(count, x, y, derivative); break;
            case Activation.Tanh: Map<Tanh>(count, x, y, derivative); break;
            default: Map<Identity>(count, x, y, derivative); break;
        }
    }

    private static void Map<TActivation>(int count, float* x, float* y, float* derivative)
        where TActivation : struct, IActivation<TLanes>
    {
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            TActivation.Apply(TLanes.Load(x + i), out TLanes slope).Store(y + i);
            if (derivative != null)
            {
                slope.Store(derivative + i);
            }
        }

        if (i < count)
        {
            int rest = count - i;
            TLanes value = TActivation.Apply(Elementwise<TLanes>.LoadPart(x + i, rest, 0), out TLanes slope);
            Elementwise<TLanes>.StorePart(value, y + i, rest);
            if (derivative != null)
            {
                Elementwise<TLanes>.StorePart(slope, derivative + i, rest);
            }
        }
    }

    private readonly struct Identity : IActivation<TLanes>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TLanes Apply(TLanes x, out TLanes derivative)
        {
            derivative = TLanes.All(1f);
            return x;
        }
    }

    private readonly struct Gelu : IActivation<TLanes>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TLanes Apply(TLanes x, out TLanes derivative)
        {
            TLanes phi = VectorMath<TLanes>.NormalDistribution(x, out TLanes density);
            derivative = TLanes.MultiplyAdd(x, density, phi);
            return x * phi;
        }
    }

    private readonly struct Relu : IActivation<TLanes>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TLanes Apply(TLanes x, out TLanes derivative)
        {
            derivative = TLanes.WhereGreater(x, TLanes.Zero, TLanes.All(1f), TLanes.Zero);
            // The second operand is what a maximum with NaN gives: a NaN stays one.
            return TLanes.Max(TLanes.Zero, x);
        }
    }

    private readonly struct Tanh : IActivation<TLanes>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TLanes Apply(TLanes x, out TLanes derivative)
        {
            // tanh |x| = (1 − e) / (1 + e) with e = exp(−2|x|): the exponential cannot overflow.
            TLanes one = TLanes.All(1f);
            TLanes e = VectorMath<TLanes>.Exp(TLanes.Abs(x) * TLanes.All(-2f));
            TLanes size = (one - e) / (one + e);
            derivative = TLanes.MultiplyAdd(size, TLanes.Zero - size, one);
            return TLanes.WhereGreater(x, TLanes.Zero, size, TLanes.Zero - size);
        }
    }
}
