namespace Espalier.Engine.Kernels.Simd;

/// <summary>Row work of attention's two passes.</summary>
internal static unsafe class AttentionRows<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
    /// <summary>Copies rows of d elements, times a factor, without gaps; then zero rows up to <paramref name="padded"/>.</summary>
    public static void CopyScaled(int rows, int padded, int d, float* source, nint ld, float factor, float* target)
    {
        for (int i = 0; i < rows; i++)
        {
            Elementwise<TLanes>.Scale(d, factor, source + (i * ld), target + (i * d));
        }

        new Span<float>(target + ((nint)rows * d), (padded - rows) * d).Clear();
    }

    /// <summary>
    /// The softmax's gradient in one row: with p = exp(score − logSumExp) and f the dropout factors (null: all 1), scores
    /// become p·f and dP becomes scale·p·(dP·f − inner). Whole vectors are worked: the row has room behind
    /// <paramref name="count"/>, and whatever comes to stand there is the caller's to clear.
    /// </summary>
    public static void SoftmaxBackward(int count, float* scores, float* dP, float* factors, float logSumExp, float inner, float scale)
    {
        TLanes shift = TLanes.All(logSumExp), less = TLanes.All(inner), times = TLanes.All(scale);
        for (int i = 0; i < count; i += TLanes.Count)
        {
            TLanes p = VectorMath<TLanes>.Exp(TLanes.Load(scores + i) - shift);
            TLanes slope = TLanes.Load(dP + i), dropped = p;
            if (factors != null)
            {
                TLanes f = TLanes.Load(factors + i);
                slope *= f;
                dropped = p * f;
            }

            dropped.Store(scores + i);
            ((slope - less) * p * times).Store(dP + i);
        }
    }
}
