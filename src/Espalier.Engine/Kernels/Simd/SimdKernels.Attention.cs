using Espalier.Engine.Threading;

namespace Espalier.Engine.Kernels.Simd;

internal sealed unsafe partial class SimdKernels<TLanes, TTile>
{
    public void Attention(in AttentionArguments arguments)
    {
        arguments.Validate();
        RunDivided(new AttentionJob { Arguments = arguments, Scratch = _scratch }, Heads(arguments), Products(arguments));
    }

    public void AttentionBackward(in AttentionArguments arguments, in AttentionGradients gradients)
    {
        arguments.Validate();
        gradients.Validate(arguments);
        RunDivided(
            new AttentionJob { Arguments = arguments, Gradients = gradients, Backward = true, Scratch = _scratch },
            Heads(arguments),
            Products(arguments));
    }

    private static int Heads(in AttentionArguments a) => a.Heads * a.Sequences;

    private static long Products(in AttentionArguments a)
        => (long)a.QueryOffsets.Pointer[a.Sequences] * a.LongestKeys * a.Heads;

    // An item is a head of a sequence.
    private struct AttentionJob : IDividedJob
    {
        public AttentionArguments Arguments;
        public AttentionGradients Gradients;
        public bool Backward;
        public WorkerScratch Scratch;

        public readonly void Run(int worker, int begin, int end)
        {
            float* scratch = Scratch.Take(
                worker,
                Backward
                    ? AttentionBackward<TLanes, TTile>.ScratchFloats(Arguments)
                    : AttentionForward<TLanes, TTile>.ScratchFloats(Arguments));
            for (int i = begin; i < end; i++)
            {
                var block = new AttentionBlock(Arguments, i / Arguments.Heads, i % Arguments.Heads);
                if (Backward)
                {
                    AttentionBackward<TLanes, TTile>.Run(Arguments, Gradients, block, scratch);
                }
                else
                {
                    AttentionForward<TLanes, TTile>.Run(Arguments, block, scratch);
                }
            }
        }
    }
}
