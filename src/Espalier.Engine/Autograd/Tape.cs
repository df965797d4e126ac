using Espalier.Engine.Devices;
using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;
using Espalier.Engine.Random;

namespace Espalier.Engine.Autograd;

/// <summary>
/// Records the ops of one forward pass and runs them backward. Tensors, entries and memory are used again from step to
/// step, so that a steady step allocates nothing.
/// </summary>
/// <remarks>
/// Life of a step: <see cref="Reset"/>, forward, <see cref="Backward"/>. The backward pass gives memory back as it goes:
/// when an op has run backward, nothing needs its results any more.
/// </remarks>
public sealed class Tape(Device device) : IDisposable
{
    private readonly Arena _arena = new(device);
    private readonly OperationPool _pool = new();
    private readonly List<Tensor> _tensors = [];
    private readonly List<DeviceSpan<float>> _allocations = [];
    private readonly List<Operation> _recorded = [];
    private int _tensorsUsed;
    private uint _dropoutSites;

    /// <summary>Where everything is computed.</summary>
    public Device Device => device;

    /// <summary>The device's operations.</summary>
    public IKernels Kernels => device.Kernels;

    /// <summary>Whether ops are recorded for a backward pass. Off, they leave no trace but their results.</summary>
    public bool Recording { get; set; } = true;

    /// <summary>Whether dropout drops.</summary>
    public bool Training { get; set; }

    /// <summary>Seed of all dropout masks.</summary>
    public ulong Seed { get; set; }

    /// <summary>Number of the micro-batch within the run: the same number draws the same dropout masks.
    /// <see cref="Backward"/> goes on to the next; set it to go to a place in a run.</summary>
    public uint Step { get; set; }

    /// <summary>The most bytes of activations and gradients that were held at one time.</summary>
    public long PeakBytes => _arena.PeakBytes;

    /// <summary>Bytes held for them from the device.</summary>
    public long CapacityBytes => _arena.Capacity;

    /// <summary>Forgets the step before; its tensors must not be used any more.</summary>
    public void Reset()
    {
        _arena.Reset();
        _pool.Reset();
        _allocations.Clear();
        _recorded.Clear();
        _tensorsUsed = 0;
        _dropoutSites = 0;
    }

    /// <summary>A new tensor; its content is undefined.</summary>
    public Tensor New(Shape shape)
    {
        if (_tensorsUsed == _tensors.Count)
        {
            _tensors.Add(new Tensor());
        }

        Tensor tensor = _tensors[_tensorsUsed++];
        tensor.Shape = shape;
        tensor.Data = Allocate(shape.Count);
        tensor.Gradient = default;
        return tensor;
    }

    /// <summary>Copies integers (ids, offsets) to the device, to live as long as the step.</summary>
    public DeviceSpan<int> Upload(ReadOnlySpan<int> values)
    {
        DeviceSpan<int> span = _arena.Allocate<int>(values.Length);
        device.Upload(values, span);
        return span;
    }

    /// <summary>
    /// Runs backward what was recorded on the way to <paramref name="loss"/>, adding to the gradients of all parameters
    /// involved, and advances <see cref="Step"/>. Afterwards the step's tensors are gone. After an exception gradients are incomplete: go on with
    /// <see cref="Reset"/> and <see cref="ParameterSet.ForgetGradients"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">Nothing was recorded.</exception>
    /// <exception cref="NotSupportedException">An op on the way has no gradient.</exception>
    public void Backward(Tensor loss)
    {
        if (_recorded.Count == 0)
        {
            throw new InvalidOperationException("nothing was recorded; is Recording off?");
        }

        loss.Gradient = _arena.Allocate<float>(loss.Shape.Count);
        Kernels.Fill(loss.Gradient, 1);
        try
        {
            for (int i = _recorded.Count - 1; i >= 0; i--)
            {
                // What does not lead to the loss (logits taken for a figure on the side) has no gradient and is passed over.
                Operation operation = _recorded[i];
                if (HasGradientSince(operation.FirstTensor))
                {
                    operation.Backward(this);
                }

                FreeSince(operation.FirstTensor, operation.FirstAllocation, null, null);
            }
        }
        finally
        {
            _recorded.Clear();
            Step++;
        }
    }

    /// <summary>
    /// A place to come back to: without recording, <see cref="FreeSince(TapeMark, Tensor, Tensor)"/> gives back everything
    /// since.
    /// </summary>
    public TapeMark Mark() => new(_tensorsUsed, _allocations.Count);

    /// <summary>Gives back what was allocated since the mark, but for <paramref name="keep"/> and <paramref name="also"/>.
    /// Does nothing while recording, as the backward pass needs it all.</summary>
    public void FreeSince(TapeMark mark, Tensor keep, Tensor? also = null)
    {
        if (!Recording)
        {
            FreeSince(mark.Tensors, mark.Allocations, keep, also);
        }
    }

    /// <summary>Gives the memory back. Tensors are empty from here on, and kernels refuse what is empty.</summary>
    public void Dispose()
    {
        _recorded.Clear();
        foreach (Tensor tensor in _tensors)
        {
            (tensor.Data, tensor.Gradient) = (default, default);
        }

        _arena.Dispose();
    }

    /// <summary>An entry for an op that is about to run; what is allocated from now on belongs to it.</summary>
    internal TOperation Rent<TOperation>()
        where TOperation : Operation, new()
    {
        TOperation operation = _pool.Rent<TOperation>();
        operation.FirstTensor = _tensorsUsed;
        operation.FirstAllocation = _allocations.Count;
        if (Recording)
        {
            _recorded.Add(operation);
        }

        return operation;
    }

    /// <summary>Memory that an op saves for its backward pass; freed with the op's results.</summary>
    internal DeviceSpan<float> Allocate(long count)
    {
        DeviceSpan<float> span = _arena.Allocate<float>(count);
        _allocations.Add(span);
        return span;
    }

    /// <summary>Memory for the span of one op's backward pass; give it back with <see cref="FreeTemporary"/>.</summary>
    internal DeviceSpan<float> AllocateTemporary(long count) => _arena.Allocate<float>(count);

    internal void FreeTemporary(DeviceSpan<float> span) => _arena.Free(span);

    /// <summary>Claims a tensor's gradient for writing; <paramref name="accumulate"/> says that another op wrote it before.</summary>
    internal DeviceSpan<float> ClaimGradient(Tensor tensor, out bool accumulate)
    {
        accumulate = !tensor.Gradient.IsEmpty;
        if (!accumulate)
        {
            tensor.Gradient = _arena.Allocate<float>(tensor.Shape.Count);
        }

        return tensor.Gradient;
    }

    /// <summary>
    /// For kernels that can only overwrite: the gradient itself, or a temporary to be added by
    /// <see cref="FinishOverwrite"/> where another op wrote it before.
    /// </summary>
    internal DeviceSpan<float> BeginOverwrite(Tensor tensor)
    {
        DeviceSpan<float> gradient = ClaimGradient(tensor, out bool accumulate);
        return accumulate ? AllocateTemporary(tensor.Shape.Count) : gradient;
    }

    internal void FinishOverwrite(Tensor tensor, DeviceSpan<float> written)
    {
        if (written != tensor.Gradient)
        {
            Kernels.Add(tensor.Gradient, written, tensor.Gradient);
            FreeTemporary(written);
        }
    }

    /// <summary>Hands a finished gradient over to <paramref name="tensor"/>; its memory goes along, or is given back.</summary>
    internal void GiveGradient(Tensor tensor, DeviceSpan<float> gradient)
    {
        if (tensor.Gradient.IsEmpty)
        {
            tensor.Gradient = gradient;
        }
        else
        {
            FinishOverwrite(tensor, gradient);
        }
    }

    /// <summary>The mask of the next dropout site; sites are numbered in the order in which a step comes to them.</summary>
    internal DropoutMask NextDropout(float probability)
        => Training && probability > 0 ? new DropoutMask(probability, Seed, _dropoutSites++, Step) : DropoutMask.None;

    private bool HasGradientSince(int firstTensor)
    {
        for (int i = firstTensor; i < _tensorsUsed; i++)
        {
            if (!_tensors[i].Gradient.IsEmpty)
            {
                return true;
            }
        }

        return false;
    }

    private void FreeSince(int firstTensor, int firstAllocation, Tensor? keep, Tensor? also)
    {
        for (int i = firstTensor; i < _tensorsUsed; i++)
        {
            if (!_tensors[i].Gradient.IsEmpty)
            {
                _arena.Free(_tensors[i].Gradient);
                _tensors[i].Gradient = default;
            }
        }

        // What is kept moves to the front: its memory now belongs to whoever frees the stretch around this one. A kept tensor
        // from before the mark (an op may hand on its input) stands in that stretch already.
        int kept = firstAllocation;
        for (int i = firstAllocation; i < _allocations.Count; i++)
        {
            DeviceSpan<float> span = _allocations[i];
            if (span == keep?.Data || span == also?.Data)
            {
                _allocations[kept++] = span;
            }
            else
            {
                _arena.Free(span);
            }
        }

        _allocations.RemoveRange(kept, _allocations.Count - kept);
        if (keep == null)
        {
            _tensorsUsed = firstTensor;
        }
    }
}
