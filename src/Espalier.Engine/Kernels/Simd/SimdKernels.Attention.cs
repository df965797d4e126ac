using Espalier.Engine.Threading;

namespace Espalier.Engine.Kernels.Simd;

internal sealed unsafe partial class SimdKernels<TLanes, TTile>
{
    public void Attention(in AttentionArguments arguments)
    {
        arguments.Validate();
        Run(new AttentionJob { Arguments = arguments, Scratch = _scratch }, Products(arguments));
    }

    public void AttentionBackward(in AttentionArguments arguments, in AttentionGradients gradients)
    {
        arguments.Validate();
        gradients.Validate(arguments);
        Run(
            new AttentionJob { Arguments = arguments, Gradients = gradients, Backward = true, Scratch = _scratch },
            Products(arguments));
    }

    private static long Products(in AttentionArguments a)
        => (long)a.QueryOffsets.Pointer[a.Sequences] * a.LongestKeys * a.Heads;

    // Heads go round among the workers, so that long and short sequences fall to all of them alike.
    private struct AttentionJob : IParallelJob
    {
        public AttentionArguments Arguments;
        public AttentionGradients Gradients;
        public bool Backward;
        public WorkerScratch Scratch;

        public readonly void Run(int worker, int workers)
        {
            float* scratch = Scratch.Take(
                worker,
                Backward
                    ? AttentionBackward<TLanes, TTile>.ScratchFloats(Arguments)
                    : AttentionForward<TLanes, TTile>.ScratchFloats(Arguments));
            int heads = Arguments.Heads * Arguments.Sequences;
            for (int i = worker; i < heads; i += workers)
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
